import { setTimeout as sleep } from "node:timers/promises";
import { orStopped, type Source, type SourceContext } from "@sluice/core";
import { ChunkJoiner } from "@sluice/wire";
import { addressText } from "../address.ts";
import { BUFFER_FULL, checkDatagrams, type DatagramSettings, DatagramSocket } from "../datagram-socket.ts";
import { Intake } from "../intake.ts";
import { newStreamId } from "../stream-id.ts";
import { PayloadQueue } from "./payload-queue.ts";

/** Messages of which chunks did not come in time, or were no chunks at all. */
const INCOMPLETE = "gelf_chunks_incomplete";
const LAST_MS = 200;
const EXPIRE_MS = 1000;

export interface GelfUdpSettings extends DatagramSettings {
  readonly name: string;
  readonly maxBytes: number;
  readonly maxUnpacked: number;
  readonly chunkTimeout: number;
  readonly chunkBytes: number;
}

/** GELF over UDP: plain or compressed, in one datagram or in chunks. */
export class GelfUdpSource implements Source {
  readonly #settings: GelfUdpSettings;

  constructor(settings: GelfUdpSettings) {
    this.#settings = settings;
  }

  async run(ctx: SourceContext): Promise<void> {
    const { name, address, maxUnpacked, chunkTimeout, chunkBytes } = this.#settings;
    const intake = new Intake(ctx);
    const queue = new PayloadQueue({ id: newStreamId(name), transport: "udp", maxUnpacked, bulk: false }, intake);
    const joiner = new ChunkJoiner({ bytes: chunkBytes, ageMs: chunkTimeout });
    const socket = new DatagramSocket(this.#settings, ctx, (datagram, from) => {
      const peer = addressText(from.address, from.port);
      this.#take(datagram, peer, { queue, joiner, socket });
    });
    const expiring = setInterval(() => {
      joiner.expire(performance.now());
      countIncomplete(joiner, socket);
    }, EXPIRE_MS);
    try {
      const port = await socket.open();
      ctx.log.info({ source: name, address, port }, "listening");
      const handingOn = intake.run();
      await orStopped(handingOn, ctx.stop);
      await socket.drain();
      joiner.clear();
      countIncomplete(joiner, socket);
      socket.close();
      intake.end();
      await Promise.race([handingOn, sleep(LAST_MS, undefined, { ref: false })]);
    } finally {
      clearInterval(expiring);
      socket.close();
    }
  }

  check(): Promise<void> {
    return checkDatagrams(this.#settings);
  }

  #take(
    datagram: Buffer,
    peer: string,
    { queue, joiner, socket }: { queue: PayloadQueue; joiner: ChunkJoiner; socket: DatagramSocket },
  ): void {
    if (datagram.length === 0) return;
    const payload = ChunkJoiner.isChunk(datagram) ? joiner.add(datagram, performance.now(), peer) : datagram;
    countIncomplete(joiner, socket);
    if (!payload) return;
    if (queue.bytes + payload.length > this.#settings.maxBytes) socket.lost(BUFFER_FULL);
    else queue.add(payload, peer);
  }
}

function countIncomplete(joiner: ChunkJoiner, socket: DatagramSocket): void {
  if (joiner.dropped === 0) return;
  socket.lost(INCOMPLETE, joiner.dropped);
  joiner.dropped = 0;
}
