import { type EncodedBatch, type Sink, type SinkContext, silentLogger, type WriteResult } from "@sluice/core";
import { parseAddress, type Target, tlsSettings } from "../address.ts";
import type { GelfOptions } from "../options.ts";
import { type ConnectSettings, connect } from "./connect.ts";
import { Link } from "./link.ts";

/** Sends frames over TCP or TLS, confirmed as `Link` says. */
export class TcpSink implements Sink {
  readonly #options: GelfOptions;
  readonly #baseDir: string;
  readonly #target: Target;
  #link: Link | undefined;

  constructor(options: GelfOptions, baseDir: string) {
    this.#options = options;
    this.#baseDir = baseDir;
    this.#target = parseAddress(options.address);
  }

  async start(ctx: SinkContext): Promise<void> {
    this.#link = new Link(await this.#settings(), this.#options, ctx.log);
  }

  async write(batch: EncodedBatch, signal: AbortSignal): Promise<WriteResult> {
    this.#link ??= new Link(await this.#settings(), this.#options, silentLogger);
    await this.#link.write(batch.bytes, signal);
    // Its connection has ended, or the kernel has taken all of it.
    return { bytesUnused: true };
  }

  async drain(): Promise<void> {
    await this.#link?.drain();
  }

  async close(): Promise<void> {
    this.#link?.close();
  }

  async check(signal: AbortSignal): Promise<void> {
    const socket = await connect(await this.#settings(), signal);
    socket.destroy();
  }

  async #settings(): Promise<ConnectSettings> {
    const base = { target: this.#target, timeout: this.#options.connect_timeout };
    if (this.#target.transport !== "tls") return base;
    const read = () => tlsSettings(this.#options.tls, this.#baseDir, this.#target.host);
    // What cannot be read at the start is told at the start.
    await read();
    return { ...base, tls: read };
  }
}
