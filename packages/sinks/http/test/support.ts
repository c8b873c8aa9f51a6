import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { ByteWriter, type CreateContext, type EncodedBatch, type Event, newTally, type Sink } from "@sluice/core";
import { onTestFinished } from "vitest";
import { httpSink } from "../src/index.ts";

/** A request as the server got it. */
export interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

type Answer = (request: Received, response: ServerResponse) => unknown;

/** A real HTTP server that keeps what it gets and answers as told: 204 unless `answer` has ended the response. */
export async function serve(answer: Answer = () => undefined, tls?: { cert: string; key: string }) {
  const received: Received[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const encoding = request.headers["content-encoding"];
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const body = (
      encoding === "gzip" ? gunzipSync(raw) : encoding === "zstd" ? zstdDecompressSync(raw) : raw
    ).toString();
    const one = { method: request.method, path: request.url, headers: request.headers, body };
    received.push(one);
    await answer(one, response);
    if (!response.writableEnded && !response.destroyed) response.writeHead(204).end();
  };
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void handle(request, response).catch(() => {});
  const server: Server = tls ? createSecureServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { received, port, url: `${tls ? "https" : "http"}://127.0.0.1:${port}/in`, server };
}

export const warnings: string[] = [];
const context: CreateContext = {
  name: "h",
  pipeline: "p",
  baseDir: "/",
  hostname: "box",
  warn: (message) => warnings.push(message),
};

export function open(options: object): Sink {
  const sink = httpSink.create(httpSink.options.parse(options), context);
  onTestFinished(async () => sink.close?.());
  return sink;
}

export function batch(...events: Event[]): EncodedBatch {
  const encoder = httpSink.encoder(httpSink.options.parse({ url: "http://h/" }), context);
  const out = new ByteWriter();
  const ends = events.map((event) => {
    encoder.encode(event, out, newTally());
    return out.length;
  });
  return { bytes: out.take(), ends: Uint32Array.from(ends) };
}

export const messages = (n: number): Event[] =>
  Array.from({ length: n }, (_, i) => ({ message: `m${i}`, "host.name": "h" }));
export const never = (): AbortSignal => new AbortController().signal;
