import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv4 } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { errorText, type LostReason, type SourceContext, silentLogger } from "@sluice/core";
import type { Place } from "./address.ts";
import { listenError } from "./errors.ts";
import { KernelDrops } from "./kernel-drops.ts";
import { Troubles } from "./troubles.ts";

/** Datagrams for which the kernel had no room. */
const KERNEL_FULL = "udp_kernel_buffer_full";
/** Datagrams for which sluice had no room. */
export const BUFFER_FULL = "udp_buffer_full";

const REPORT_MS = 1000;
/** At the end, what is in the kernel's buffer is read until nothing has come for so long … */
const QUIET_MS = 50;
/** … or this time is over. */
const LAST_MS = 700;

export interface DatagramSettings {
  readonly address: string;
  readonly place: Place;
  readonly receiveBuffer: number;
}

type LossContext = Pick<SourceContext, "log" | "lost">;

/** Throws SLUICE_SOURCE when nobody can receive there. */
export async function checkDatagrams(settings: DatagramSettings): Promise<void> {
  const socket = new DatagramSocket(settings, { log: silentLogger, lost() {} }, () => {});
  try {
    await socket.open();
  } finally {
    socket.close();
  }
}

/** A bound UDP socket that keeps count of what was lost. */
export class DatagramSocket {
  readonly #settings: DatagramSettings;
  readonly #ctx: LossContext;
  readonly #troubles: Troubles;
  readonly #take: (datagram: Buffer, from: RemoteInfo) => void;
  #socket: Socket | undefined;
  #drops: KernelDrops | undefined;
  #reporter: NodeJS.Timeout | undefined;
  #last = 0;
  readonly #lost = new Map<LostReason, number>();

  constructor(settings: DatagramSettings, ctx: LossContext, take: (datagram: Buffer, from: RemoteInfo) => void) {
    this.#settings = settings;
    this.#ctx = ctx;
    this.#take = take;
    this.#troubles = new Troubles(ctx.log);
  }

  /** Binds; resolves with the port. Throws SLUICE_SOURCE when it cannot. */
  async open(): Promise<number> {
    const { address, place } = this.#settings;
    const socket = createSocket({ type: isIPv4(place.host) ? "udp4" : "udp6" });
    this.#socket = socket;
    try {
      socket.bind({ port: place.port, address: place.host });
      await once(socket, "listening");
    } catch (error) {
      throw listenError(address, error);
    }
    socket.on("error", (error) => this.#troubles.note("cannot receive", { address, error: errorText(error) }));
    this.#enlarge(socket);
    const { port } = socket.address();
    this.#drops = new KernelDrops(port);
    socket.on("message", (datagram, from) => {
      this.#last = performance.now();
      this.#take(datagram, from);
    });
    this.#reporter = setInterval(() => this.report(), REPORT_MS);
    return port;
  }

  /** Notes records as lost; they are entered into the ledger soon. */
  lost(reason: LostReason, records = 1): void {
    this.#lost.set(reason, (this.#lost.get(reason) ?? 0) + records);
  }

  /** Enters what was lost into the ledger. */
  report(): void {
    const dropped = this.#drops?.take() ?? 0;
    if (dropped > 0) this.lost(KERNEL_FULL, dropped);
    for (const [reason, records] of this.#lost) {
      const { address } = this.#settings;
      this.#ctx.lost(reason, records);
      this.#troubles.note(`messages were lost: ${reason}`, { address, lost: records });
    }
    this.#lost.clear();
  }

  /** Reads what the kernel has received so far. */
  async drain(): Promise<void> {
    const start = performance.now();
    do await sleep(QUIET_MS / 2);
    while (performance.now() - Math.max(this.#last, start) < QUIET_MS && performance.now() - start < LAST_MS);
  }

  close(): void {
    if (!this.#socket) return;
    clearInterval(this.#reporter);
    this.report();
    this.#socket.close();
    this.#socket = undefined;
    this.#troubles.close();
  }

  #enlarge(socket: Socket): void {
    const { address, receiveBuffer } = this.#settings;
    try {
      socket.setRecvBufferSize(receiveBuffer);
    } catch {
      // Other systems than Linux refuse what is beyond their limit.
    }
    // Linux keeps twice what was asked for, half of it for its own books.
    const got = socket.getRecvBufferSize() / 2;
    if (got >= receiveBuffer) return;
    this.#ctx.log.warn(
      { address, receiveBuffer: got, wanted: receiveBuffer, hint: `sysctl -w net.core.rmem_max=${receiveBuffer}` },
      "the kernel allows a smaller receive_buffer only: bursts may be lost",
    );
  }
}
