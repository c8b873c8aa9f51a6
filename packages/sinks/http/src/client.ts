import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { resolve } from "node:path";
import type { Agent } from "undici";
import type { HttpOptions } from "./options.ts";

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | string[] | undefined;
}

/** The HTTP client of one sink. */
export class Client {
  readonly #options: HttpOptions;
  readonly #baseDir: string;
  readonly #url: URL;
  #agent: Promise<Agent> | undefined;

  constructor(options: HttpOptions, baseDir: string) {
    this.#options = options;
    this.#baseDir = baseDir;
    this.#url = new URL(options.url);
  }

  /** Sends a request and reads its whole answer. Rejects when there is none. */
  async request(method: "POST" | "PUT" | "HEAD", body: Uint8Array | null, signal: AbortSignal): Promise<Answer> {
    const opened = (this.#agent ??= this.#open());
    try {
      return await this.#ask(await opened, method, body, signal);
    } catch (error) {
      this.#forget(opened);
      throw error;
    }
  }

  async #ask(agent: Agent, method: "POST" | "PUT" | "HEAD", body: Uint8Array | null, signal: AbortSignal) {
    const { origin, pathname, search } = this.#url;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#options.timeout)]);
    const headers = { ...this.#headers(), ...(body && this.#bodyHeaders()) };
    const response = await agent.request({ origin, path: pathname + search, method, headers, body, signal: limit });
    await response.body.dump({ limit: MOST_ANSWER });
    return { status: response.statusCode, retryAfter: response.headers["retry-after"] };
  }

  /** The next attempt reads the certificates anew: they may have been renewed, or put there. */
  #forget(opened: Promise<Agent>): void {
    if (this.#agent !== opened || this.#url.protocol !== "https:") return;
    this.#agent = undefined;
    void opened.then((agent) => agent.destroy()).catch(() => {});
  }

  async close(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await (await agent?.catch(() => undefined))?.destroy();
  }

  #headers(): Record<string, string> {
    const { auth, headers } = this.#options;
    return { "user-agent": "sluice", ...headers, ...(auth && { authorization: authorization(auth) }) };
  }

  #bodyHeaders(): Record<string, string> {
    const { format, compression } = this.#options;
    const type = format === "json" ? "application/json" : "application/x-ndjson";
    return { "content-type": type, ...(compression !== "none" && { "content-encoding": compression }) };
  }

  async #open(): Promise<Agent> {
    const { connect_timeout: timeout, timeout: whole } = this.#options;
    const settings = this.#url.protocol === "https:" ? await this.#tls() : {};
    // 20 MB that a pipeline without HTTP does not need.
    const { Agent } = await import("undici");
    return new Agent({
      connections: 1,
      pipelining: 1,
      headersTimeout: whole,
      bodyTimeout: whole,
      connect: { timeout, ...settings },
    });
  }

  async #tls() {
    const { ca, cert, key, verify, server_name: serverName } = this.#options.tls;
    const file = (path: string) => readFile(resolve(this.#baseDir, path));
    const name = serverName ?? this.#url.hostname.replace(/^\[|\]$/g, "");
    return {
      ...(ca !== undefined && { ca: await file(ca) }),
      ...(cert !== undefined && { cert: await file(cert) }),
      ...(key !== undefined && { key: await file(key) }),
      ...(!isIP(name) && { servername: name }),
      rejectUnauthorized: verify,
    };
  }
}

/** Bytes of an answer that are read so that its connection can be used again. */
const MOST_ANSWER = 128 * 1024;

function authorization({ basic, bearer }: NonNullable<HttpOptions["auth"]>): string {
  if (!basic) return `Bearer ${bearer}`;
  return `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString("base64")}`;
}
