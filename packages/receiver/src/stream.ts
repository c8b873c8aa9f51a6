import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { errorText } from "@sluice/core";
import { FrameSplitter } from "./frames.ts";
import type { Listener } from "./receiver.ts";
import type { Sorter } from "./sorter.ts";

/** Graylog's limit for a frame over TCP. */
const MAX_FRAME = 2 * 1024 * 1024;

interface StreamPlace {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
}

/** Frames over TCP or TLS: ended by NUL for GELF, by a newline for lines. Answers a close with its own. */
export async function listenStream({ host, port, tls }: StreamPlace, sorter: Sorter): Promise<Listener> {
  const sockets = new Set<Socket>();
  const onConnection = (socket: Socket): void => {
    sockets.add(socket);
    sorter.counts.connections++;
    socket.on("close", () => sockets.delete(socket));
    read(socket, sorter);
  };
  const server = tls ? createTlsServer({ ...tls }, onConnection) : createServer(onConnection);
  await listen(server, host, port);
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function read(socket: Socket, sorter: Sorter): void {
  const delimiter = sorter.kind === "gelf" ? 0 : 0x0a;
  const splitter = new FrameSplitter(delimiter, MAX_FRAME, (frames) => sorter.take(frames));
  socket.on("data", (chunk: Buffer) => {
    if (splitter.push(chunk)) return;
    sorter.counts.oversize++;
    sorter.problem(`a frame of more than ${MAX_FRAME} bytes: connection closed`);
    socket.destroy();
  });
  socket.on("error", (error) => sorter.problem(errorText(error)));
  socket.on("end", () => {
    const tail = splitter.tail();
    if (tail.length > 0) sorter.take([tail]);
  });
}

export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}
