import type { Readable } from "node:stream";
import { SluiceError } from "@sluice/core";
import { Pool } from "undici";
import { type EngineAddress, readTls } from "./address.ts";
import { allowedPath } from "./allowed.ts";
import { answerHint, connectionHint } from "./hints.ts";

const NEWEST_KNOWN = "1.51";
const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 60_000;
/** Bytes of an error's text that are read. */
const ERROR_BYTES = 4096;

/** An answer of the engine that is no success. */
export class EngineError extends SluiceError {
  readonly status: number;

  constructor(status: number, message: string) {
    super("SLUICE_SOURCE", `the Docker engine answers ${status}: ${message}`, { hint: answerHint(message) });
    this.status = status;
  }
}

export interface EngineStream {
  readonly body: Readable;
  /** Empty where the engine does not tell, as 20.10 for logs. */
  readonly contentType: string;
}

export type EngineQuery = Readonly<Record<string, string>>;

/** Asks one Docker engine, by GET and for allow-listed paths only: see `allowed.ts`. */
export class EngineClient {
  readonly #address: EngineAddress;
  readonly #pool: Pool;
  #apiVersion: string | null = null;
  /** Milliseconds by which the engine's clock is ahead of ours; 0 when they agree within two seconds. */
  clockOffset = 0;

  /** Reads the certificates, and connects with the first request. */
  constructor(address: EngineAddress) {
    this.#address = address;
    const { socketPath, tls } = address;
    this.#pool = new Pool(address.origin, {
      connect: { ...(socketPath && { socketPath }), ...(tls && readTls(tls)), timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: ANSWER_TIMEOUT_MS,
      // A container may stay silent for as long as it likes.
      bodyTimeout: 0,
      keepAliveTimeout: 10_000,
    });
  }

  /** Milliseconds since the epoch by the engine's clock, about. */
  now(): number {
    return Date.now() + this.clockOffset;
  }

  /** The API's version that is spoken, after `negotiate`. */
  get apiVersion(): string {
    return this.#apiVersion ?? "";
  }

  /** Engines before 23.0 (API 1.42) repeat lines of a log that is being followed when it is rotated. */
  get repeatsAtRotation(): boolean {
    return isOlder(this.apiVersion, "1.42");
  }

  /** Agrees on a version of the API: the engine's, or the newest that sluice knows. */
  async negotiate(signal: AbortSignal): Promise<void> {
    const { statusCode, headers, body } = await this.#send("/_ping", null, {}, signal);
    if (statusCode !== 200)
      throw new EngineError(statusCode, (await errorText(body)).trim() || "no engine answers there");
    await body.dump();
    const offered = String(headers["api-version"] ?? "");
    if (!/^\d+\.\d+$/.test(offered)) {
      throw new SluiceError("SLUICE_SOURCE", `${this.#address.text} is no Docker engine: it names no API version`);
    }
    this.#apiVersion = isOlder(offered, NEWEST_KNOWN) ? offered : NEWEST_KNOWN;
    const offset = Date.parse(String(headers["date"])) - Date.now();
    this.clockOffset = Math.abs(offset) > 2000 ? offset : 0;
  }

  /** A whole answer in JSON. */
  async json<T>(path: string, query: EngineQuery, signal: AbortSignal): Promise<T> {
    const { body } = await this.#succeed(path, query, signal);
    return (await body.json()) as T;
  }

  /** An answer as it comes, without end for a follow. Aborting the signal destroys it. */
  async stream(path: string, query: EngineQuery, signal: AbortSignal): Promise<EngineStream> {
    const { body, headers } = await this.#succeed(path, query, signal);
    return { body, contentType: String(headers["content-type"] ?? "") };
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #succeed(path: string, query: EngineQuery, signal: AbortSignal) {
    if (this.#apiVersion === null) await this.negotiate(signal);
    const answer = await this.#send(path, this.#apiVersion, query, signal);
    if (answer.statusCode === 200) return answer;
    throw new EngineError(answer.statusCode, await errorText(answer.body));
  }

  async #send(path: string, apiVersion: string | null, query: EngineQuery, signal: AbortSignal) {
    const request = { method: "GET", path: allowedPath(path, apiVersion, query), signal } as const;
    try {
      return await this.#pool.request(request);
    } catch (cause) {
      if (signal.aborted) throw cause;
      throw this.#unreachable(cause as Error & { code?: string });
    }
  }

  #unreachable(cause: Error & { code?: string }): SluiceError {
    const hint = connectionHint(cause.code, this.#address.tls !== undefined);
    const message = `cannot reach the Docker engine at ${this.#address.text}: ${cause.message}`;
    return new SluiceError("SLUICE_SOURCE", message, { cause, hint });
  }
}

async function errorText(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString("utf8");
    if (text.length > ERROR_BYTES) break;
  }
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}

/** Compares versions such as 1.41. */
function isOlder(version: string, other: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split(".").map(Number);
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}
