import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { errorText } from "@sluice/core";
import { FrameSplitter } from "@sluice/wire";
import split2 from "split2";
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
    socket.on("error", (error) => sorter.problem(errorText(error)));
    if (sorter.kind === "gelf") readFrames(socket, sorter);
    else readLines(socket, sorter);
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

function readFrames(socket: Socket, sorter: Sorter): void {
  const splitter = new FrameSplitter(0, MAX_FRAME, (frames) => sorter.take(frames));
  socket.on("data", (chunk: Buffer) => {
    if (!splitter.push(chunk)) endOversize(socket, sorter);
  });
  socket.on("end", () => {
    const tail = splitter.tail();
    if (tail.length > 0) sorter.take([tail]);
  });
}

function readLines(socket: Socket, sorter: Sorter): void {
  const lines = socket.pipe(split2({ maxLength: MAX_FRAME }));
  lines.on("data", (line: string) => sorter.take([Buffer.from(line)]));
  lines.on("error", () => endOversize(socket, sorter));
}

function endOversize(socket: Socket, sorter: Sorter): void {
  sorter.counts.oversize++;
  sorter.problem(`a frame of more than ${MAX_FRAME} bytes: connection closed`);
  socket.destroy();
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
