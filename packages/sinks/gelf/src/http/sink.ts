import { type EncodedBatch, errorText, type Rejection, type Sink, SluiceError, type WriteResult } from "@sluice/core";
import type { Agent } from "undici";
import { parseAddress, type Target, tlsSettings } from "../address.ts";
import { compress } from "../compress.ts";
import { frameAt } from "../frames.ts";
import type { GelfOptions } from "../options.ts";

const ENCODINGS = { gzip: "gzip", zlib: "deflate", none: undefined } as const;
/** Answers that say that this message will never be taken, whoever sends it and when. */
const NEVER = new Set([400, 413, 415, 422]);

/** Posts each frame to Graylog's GELF HTTP input. Its 202 says that it has the message, not that it could read it. */
export class HttpSink implements Sink {
  readonly #options: GelfOptions;
  readonly #baseDir: string;
  readonly #target: Target;
  #agent: Promise<Agent> | undefined;

  constructor(options: GelfOptions, baseDir: string) {
    this.#options = options;
    this.#baseDir = baseDir;
    this.#target = parseAddress(options.address);
  }

  async write(batch: EncodedBatch, signal: AbortSignal): Promise<WriteResult> {
    const rejected: Rejection[] = [];
    let next = 0;
    const failed = new AbortController();
    const both = AbortSignal.any([signal, failed.signal]);
    const worker = async (): Promise<void> => {
      while (next < batch.ends.length) {
        const frame = next++;
        const reason = await this.#post(frameAt(batch, frame), both);
        if (reason !== null) rejected.push({ frame, reason });
      }
    };
    const workers = Array.from({ length: this.#options.concurrency }, worker);
    try {
      await Promise.all(workers);
    } catch (error) {
      failed.abort();
      await Promise.allSettled(workers);
      throw error;
    }
    return { rejected };
  }

  async close(): Promise<void> {
    await (await this.#agent?.catch(() => undefined))?.destroy();
  }

  async check(signal: AbortSignal): Promise<void> {
    const status = await this.#request("OPTIONS", undefined, signal);
    if (status === 404) throw this.#failure("there is no GELF input at this path (404)");
    await this.close();
    this.#agent = undefined;
  }

  /** Null when taken, else why it never will be. */
  async #post(frame: Uint8Array, signal: AbortSignal): Promise<string | null> {
    const status = await this.#request("POST", await compress(frame, this.#options.compression), signal);
    if (status >= 200 && status < 300) return null;
    if (NEVER.has(status)) return `the receiver answered ${status}`;
    throw this.#failure(`the receiver answered ${status}`);
  }

  async #request(method: "POST" | "OPTIONS", body: Uint8Array | undefined, signal: AbortSignal): Promise<number> {
    const opened = (this.#agent ??= this.#open());
    const url = new URL(this.#options.address);
    const encoding = ENCODINGS[this.#options.compression];
    const headers = {
      "content-type": "application/json",
      ...(encoding && body ? { "content-encoding": encoding } : {}),
      ...this.#options.headers,
    };
    try {
      const agent = await opened;
      const path = url.pathname + url.search;
      const response = await agent.request({ origin: url.origin, path, method, headers, signal, body: body ?? null });
      await response.body.dump();
      return response.statusCode;
    } catch (error) {
      this.#forget(opened);
      throw this.#failure(errorText(error), error);
    }
  }

  /** The next attempt reads the certificates anew: they may have been renewed, or put there. */
  #forget(opened: Promise<Agent>): void {
    if (this.#agent !== opened || !this.#options.address.startsWith("https:")) return;
    this.#agent = undefined;
    void opened.then((agent) => agent.destroy()).catch(() => {});
  }

  async #open(): Promise<Agent> {
    const { connect_timeout, stall_timeout, concurrency, tls } = this.#options;
    const secure = this.#options.address.startsWith("https:");
    const settings = secure ? await tlsSettings(tls, this.#baseDir, this.#target.host) : {};
    // 20 MB that a pipeline without HTTP does not need.
    const { Agent } = await import("undici");
    return new Agent({
      connections: concurrency,
      pipelining: 1,
      headersTimeout: stall_timeout,
      bodyTimeout: stall_timeout,
      connect: { timeout: connect_timeout, ...settings, ALPNProtocols: ["http/1.1"] },
    });
  }

  #failure(what: string, cause?: unknown): SluiceError {
    const text = `cannot deliver to ${this.#target.address}: ${what}`;
    return new SluiceError("SLUICE_UNREACHABLE", text, cause === undefined ? {} : { cause });
  }
}
