import { setTimeout as sleep } from "node:timers/promises";
import { orStopped, type Source, type SourceBatch, type SourceContext, type SourceDefinition } from "@sluice/core";
import { addressText, placeOf } from "./address.ts";
import { BUFFER_FULL, checkDatagrams, type DatagramSettings, DatagramSocket } from "./datagram-socket.ts";
import { Intake } from "./intake.ts";
import { type UdpOptions, udpOptions } from "./options.ts";
import { PeerRecords } from "./peer-records.ts";
import { newStreamId } from "./stream-id.ts";

/** Milliseconds that the pipeline may take for the last records. */
const LAST_MS = 200;

interface UdpSettings extends DatagramSettings {
  readonly name: string;
  readonly maxBytes: number;
}

/** Source `udp`: one record a datagram. */
export const udpSource: SourceDefinition<UdpOptions> = {
  kind: "source",
  type: "udp",
  summary: "Listens for datagrams and takes each as one record, e.g. syslog; counts what the world makes it lose.",
  options: udpOptions,
  create: (options, { name }) =>
    new UdpSource({
      name,
      address: options.address,
      place: placeOf(options.address),
      receiveBuffer: options.receive_buffer,
      maxBytes: options.buffer,
    }),
};

class UdpSource implements Source {
  readonly #settings: UdpSettings;

  constructor(settings: UdpSettings) {
    this.#settings = settings;
  }

  async run(ctx: SourceContext): Promise<void> {
    const { name, address, maxBytes } = this.#settings;
    const intake = new Intake(ctx);
    const records = new PeerRecords();
    const id = newStreamId(name);
    const inlet = {
      take: () => batchOf(records, id),
      accepted: () => {
        if (records.length > 0) intake.offer(inlet);
      },
    };
    const socket = new DatagramSocket(this.#settings, ctx, (datagram, from) => {
      if (records.length + datagram.length > maxBytes) return socket.lost(BUFFER_FULL);
      records.add(datagram, addressText(from.address, from.port));
      intake.offer(inlet);
    });
    try {
      const port = await socket.open();
      ctx.log.info({ source: name, address, port }, "listening");
      const handingOn = intake.run();
      await orStopped(handingOn, ctx.stop);
      await socket.drain();
      socket.close();
      intake.end();
      await Promise.race([handingOn, sleep(LAST_MS, undefined, { ref: false })]);
    } finally {
      socket.close();
    }
  }

  check(): Promise<void> {
    return checkDatagrams(this.#settings);
  }
}

function batchOf(records: PeerRecords, id: string): SourceBatch | null {
  const batch = records.take();
  if (!batch) return null;
  const { shared, ...rest } = batch;
  const fields = { "network.transport": "udp", ...shared };
  return { ...rest, stream: { id, fields }, streamKey: "datagrams" };
}
