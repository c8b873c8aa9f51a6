import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Listener } from "./receiver.ts";
import type { Sorter } from "./sorter.ts";
import { listen } from "./stream.ts";

const MAX_BODY = 2 * 1024 * 1024;

/** One GELF message a POST, answered with 202 as Graylog does before it parses. */
export async function listenHttp(
  { host, port, path }: { host: string; port: number; path: string },
  sorter: Sorter,
): Promise<Listener> {
  const server = createServer((request, response) => {
    void answer(request, response, path, sorter);
  });
  server.on("connection", () => sorter.counts.connections++);
  await listen(server, host, port);
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, path: string, sorter: Sorter): Promise<void> {
  const status = request.method !== "POST" ? 405 : request.url !== path ? 404 : 202;
  const body = await readBody(request).catch(() => null);
  if (body === null) {
    sorter.counts.oversize++;
    response.writeHead(413, { connection: "close" }).end();
    return;
  }
  // Compressed bodies need no look at Content-Encoding: a payload tells by its first bytes.
  if (status === 202) sorter.take([body]);
  response.writeHead(status, { "content-length": "0" }).end();
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
