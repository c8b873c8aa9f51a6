import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { TLSSocket, TlsOptions } from "node:tls";
import { errorText, orStopped, type Source, type SourceContext } from "@sluice/core";
import { addressText, type Place } from "../address.ts";
import { listenError } from "../errors.ts";
import { admits } from "../handshakes.ts";
import { Intake } from "../intake.ts";
import { newStreamId } from "../stream-id.ts";
import { tryToListen } from "../stream-source.ts";
import { watchCertificates } from "../tls.ts";
import { Troubles } from "../troubles.ts";
import { PayloadQueue } from "./payload-queue.ts";

/** Milliseconds that a client may take for its request. */
const REQUEST_MS = 30_000;
const LAST_MS = 900;

export interface GelfHttpSettings {
  readonly name: string;
  readonly address: string;
  readonly place: Place;
  readonly path: string;
  readonly readTls: () => TlsOptions | undefined;
  readonly maxConnections: number;
  readonly maxMessage: number;
  readonly maxUnpacked: number;
  readonly maxBytes: number;
  readonly drainTimeout: number;
}

/**
 * GELF by POST: one message a request, or several, one a line. Answered with 202 once the pipeline has it; where that has
 * no room, clients wait, and beyond `buffer` they are told to come again.
 */
export class GelfHttpSource implements Source {
  readonly lingers: number;
  readonly #settings: GelfHttpSettings;

  constructor(settings: GelfHttpSettings) {
    this.#settings = settings;
    this.lingers = settings.drainTimeout;
  }

  async run(ctx: SourceContext): Promise<void> {
    const { name, address, drainTimeout } = this.#settings;
    const intake = new Intake(ctx);
    const input = new HttpInput(this.#settings, intake, new Troubles(ctx.log));
    try {
      const port = await input.open();
      ctx.log.info({ source: name, address, port }, "listening");
      const handingOn = intake.run();
      await orStopped(handingOn, ctx.stop);
      if (drainTimeout > 0) await Promise.race([input.finish(), handingOn, rest(drainTimeout)]);
      input.refuse();
      intake.end();
      await Promise.race([handingOn, rest(LAST_MS)]);
    } finally {
      input.close();
    }
  }

  async check(): Promise<void> {
    const { place, address, readTls } = this.#settings;
    readTls();
    await tryToListen(place, address);
  }
}

async function rest(ms: number): Promise<void> {
  await sleep(ms, undefined, { ref: false });
}

class HttpInput {
  readonly #settings: GelfHttpSettings;
  readonly #queue: PayloadQueue;
  readonly #troubles: Troubles;
  #server: Server | undefined;
  /** Bytes of requests that are being read. */
  #reading = 0;
  #isOver = false;
  /** Connections of clients that have shown a bad certificate: a request that came with it is read all the same. */
  readonly #sentAway = new WeakSet<object>();
  #unwatch: (() => void) | undefined;

  constructor(settings: GelfHttpSettings, intake: Intake, troubles: Troubles) {
    const { name, maxUnpacked } = settings;
    this.#settings = settings;
    this.#queue = new PayloadQueue({ id: newStreamId(name), transport: "tcp", maxUnpacked, bulk: true }, intake);
    this.#troubles = troubles;
  }

  async open(): Promise<number> {
    const { readTls, maxConnections, place, address } = this.#settings;
    const tls = readTls();
    const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1000 };
    const answer = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response);
    const server = tls ? this.#secureServer({ ...limits, ...tls }, answer) : createServer(limits, answer);
    server.maxConnections = maxConnections;
    this.#server = server;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(place, resolve);
      });
    } catch (error) {
      throw listenError(address, error);
    }
    server.on("secureConnection", (socket: TLSSocket) => {
      if (!admits(socket, this.#troubles)) this.#sentAway.add(socket);
    });
    server.on("error", (error) => this.#troubles.note("cannot accept", { address, error: errorText(error) }));
    return (server.address() as { port: number }).port;
  }

  #secureServer(settings: TlsOptions, answer: RequestListener): Server {
    const { address, readTls } = this.#settings;
    const server = createSecureServer(settings, answer);
    const tell = (what: string, error?: string) => this.#troubles.note(what, { address, ...(error && { error }) });
    const use = (options: TlsOptions): void => server.setSecureContext(options);
    this.#unwatch = watchCertificates(settings, { read: readTls, use, tell });
    return server;
  }

  /** Takes no more connections; resolves when the requests under way are answered. */
  async finish(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.#server?.closeIdleConnections();
    await closed;
  }

  /** What has not been read to its end is not taken any more. */
  refuse(): void {
    this.#isOver = true;
  }

  close(): void {
    this.#unwatch?.();
    this.#server?.closeAllConnections();
    this.#server?.close();
    this.#troubles.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#sentAway.has(request.socket)) return void response.destroy();
    const peer = addressText(request.socket.remoteAddress ?? "", request.socket.remotePort ?? 0);
    const refusal = this.#refusal(request);
    const body = refusal ?? (await this.#read(request).catch(() => null));
    if (body === null) return void response.destroy();
    if (typeof body === "number") return this.#refuse(response, body, peer);
    this.#queue.add(body, peer, () => response.writeHead(202, { "content-length": "0" }).end());
  }

  /** Status for a request that will not be read. */
  #refusal({ method, url, headers }: IncomingMessage): number | undefined {
    const { path, maxMessage, maxBytes } = this.#settings;
    if (url?.split("?")[0] !== path) return 404;
    // Graylog answers a browser's preflight, and so do those who stand in for it.
    if (method === "OPTIONS") return 204;
    if (method !== "POST") return 405;
    const length = Number(headers["content-length"] ?? 0);
    if (length > maxMessage) return 413;
    return this.#isOver || this.#queue.bytes + this.#reading + length > maxBytes ? 503 : undefined;
  }

  /** The body, or the status that says why not. */
  async #read(request: IncomingMessage): Promise<Buffer | number> {
    const { maxMessage, maxBytes } = this.#settings;
    const parts: Buffer[] = [];
    let length = 0;
    try {
      for await (const part of request as AsyncIterable<Buffer>) {
        length += part.length;
        this.#reading += part.length;
        if (length > maxMessage) return 413;
        if (this.#queue.bytes + this.#reading > maxBytes) return 503;
        parts.push(part);
      }
    } finally {
      this.#reading -= length;
    }
    return this.#isOver ? 503 : length === 0 ? 400 : Buffer.concat(parts);
  }

  #refuse(response: ServerResponse, status: number, peer: string): void {
    const { address } = this.#settings;
    if (status === 413)
      this.#troubles.note("refused a message that is larger than max_message_bytes", { address, peer });
    if (status === 503)
      this.#troubles.note("refused a message: the buffer is full; the client may try again", { address, peer });
    const allow = status === 405 || status === 204 ? { allow: "POST, OPTIONS" } : {};
    const again = status === 503 ? { "retry-after": "1" } : {};
    const close = status >= 400 ? { connection: "close" } : {};
    response.writeHead(status, { "content-length": "0", ...allow, ...again, ...close }).end();
  }
}
