// The process behind `startGraylog`: a GELF TCP input with Graylog's framing, and faults on demand. It writes what it
// accepts to a file before it goes on, so that a kill -9 shows what was really received.
import { appendFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { FrameSplitter } from "@sluice/wire";
import type { GraylogCommand, GraylogFault, GraylogSettings } from "./graylog.ts";
import { GraylogCodec } from "./graylog-codec.ts";

const MAX_FRAME = 2 * 1024 * 1024;
const SLOW_PAUSE_MS = 10;

const settings = JSON.parse(process.argv[2] as string) as GraylogSettings;
const codec = new GraylogCodec();
const sockets = new Set<Socket>();
let fault: GraylogFault = settings.fault;
let connections = 0;
// The life before may have ended in the middle of a line.
appendFileSync(settings.acceptedFile, "\n");

function take(frames: readonly Buffer[]): void {
  let accepted = "";
  let rejected = "";
  for (const frame of frames) {
    const verdict = codec.decode(frame);
    if (verdict.accepted) accepted += `${frame.toString("utf8")}\n`;
    else rejected += `${JSON.stringify({ reason: verdict.reason, frame: frame.toString("utf8") })}\n`;
  }
  if (accepted !== "") appendFileSync(settings.acceptedFile, accepted);
  if (rejected !== "") appendFileSync(settings.rejectedFile, rejected);
}

function onConnection(socket: Socket): void {
  connections++;
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  socket.on("error", () => {});
  const splitter = new FrameSplitter(0, MAX_FRAME, take);
  socket.on("data", (chunk: Buffer) => {
    if (!splitter.push(chunk)) socket.destroy();
    if (fault === "slow") pauseFor(socket, SLOW_PAUSE_MS);
    if (fault === "reset") socket.resetAndDestroy();
  });
  socket.on("end", () => {
    const tail = splitter.tail();
    if (tail.length > 0) take([tail]);
    if (fault !== "ignore-fin") socket.end();
  });
  if (fault === "hang") socket.pause();
}

function pauseFor(socket: Socket, ms: number): void {
  socket.pause();
  setTimeout(() => socket.resume(), ms);
}

function setFault(next: GraylogFault): void {
  fault = next;
  for (const socket of sockets) {
    if (next === "hang") socket.pause();
    else socket.resume();
  }
}

const server: Server = settings.tls
  ? createTlsServer({ ...settings.tls, allowHalfOpen: true }, onConnection)
  : createServer({ allowHalfOpen: true }, onConnection);
server.listen(settings.port, "127.0.0.1", () => {
  process.send?.({ port: (server.address() as { port: number }).port });
});
process.on("message", (command: GraylogCommand) => {
  if (command.kind === "fault") setFault(command.fault);
  if (command.kind === "reset") for (const socket of sockets) socket.resetAndDestroy();
  process.send?.({ done: command.kind, connections });
});
process.on("disconnect", () => process.exit(0));
