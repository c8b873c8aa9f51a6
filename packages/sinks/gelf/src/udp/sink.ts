import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { type EncodedBatch, errorText, type Rejection, type Sink, SluiceError, type WriteResult } from "@sluice/core";
import { parseAddress, type Target } from "../address.ts";
import { compress } from "../compress.ts";
import { frameAt } from "../frames.ts";
import type { GelfOptions } from "../options.ts";
import { chunk } from "./chunks.ts";

/** Messages on their way to the kernel at once. */
const WINDOW = 32;

/** Sends frames as datagrams. Nothing confirms them: a write resolves when the kernel has taken them. */
export class UdpSink implements Sink {
  readonly #options: GelfOptions;
  readonly #target: Target;
  #socket: Promise<Socket> | undefined;

  constructor(options: GelfOptions) {
    this.#options = options;
    this.#target = parseAddress(options.address);
  }

  async write(batch: EncodedBatch, signal: AbortSignal): Promise<WriteResult> {
    this.#socket ??= this.#open();
    const rejected: Rejection[] = [];
    try {
      const socket = await this.#socket;
      for (let from = 0; from < batch.ends.length; from += WINDOW) {
        signal.throwIfAborted();
        const frames = Array.from({ length: Math.min(WINDOW, batch.ends.length - from) }, (_, i) => from + i);
        const reasons = await Promise.all(frames.map((frame) => this.#send(socket, frameAt(batch, frame))));
        reasons.forEach((reason, i) => reason !== null && rejected.push({ frame: from + i, reason }));
      }
    } catch (error) {
      await this.close();
      throw this.#failure(error);
    }
    return { rejected };
  }

  async close(): Promise<void> {
    const socket = await this.#socket?.catch(() => undefined);
    this.#socket = undefined;
    await new Promise<void>((resolve) => (socket ? socket.close(resolve) : resolve()));
  }

  async check(): Promise<void> {
    const socket = await this.#open().catch((error: unknown) => Promise.reject(this.#failure(error)));
    socket.close();
  }

  async #open(): Promise<Socket> {
    const { address, family } = await lookup(this.#target.host);
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.connect(this.#target.port, address, resolve);
    });
    // The kernel tells of a refused datagram with the next one: that send fails.
    socket.removeAllListeners("error").on("error", () => {});
    return socket;
  }

  /** Null once sent, else why it cannot be. */
  async #send(socket: Socket, frame: Uint8Array): Promise<string | null> {
    const datagrams = chunk(await compress(frame, this.#options.compression), this.#options.chunk_size);
    if (datagrams === null) return `needs more than 128 chunks of ${this.#options.chunk_size} bytes`;
    for (const datagram of datagrams) {
      await new Promise<void>((resolve, reject) =>
        socket.send(datagram, (error) => (error ? reject(error) : resolve())),
      );
    }
    return null;
  }

  #failure(cause: unknown): SluiceError {
    return new SluiceError("SLUICE_UNREACHABLE", `cannot send to ${this.#target.address}: ${errorText(cause)}`, {
      cause,
    });
  }
}
