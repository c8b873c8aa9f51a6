import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { ChunkJoiner } from "@sluice/wire";
import type { Listener } from "./receiver.ts";
import type { Sorter } from "./sorter.ts";

const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** Datagrams: whole or chunked GELF messages, or lines. */
export async function listenUdp(place: { host: string; port: number }, sorter: Sorter): Promise<Listener> {
  const socket = createSocket({ type: isIPv6(place.host) ? "udp6" : "udp4" });
  const joiner = new ChunkJoiner();
  socket.on("message", (datagram) => {
    if (sorter.kind === "lines") return sorter.take(linesOf(datagram));
    const dropped = joiner.dropped;
    const payload = ChunkJoiner.isChunk(datagram) ? joiner.add(datagram, performance.now()) : datagram;
    if (payload) sorter.take([payload]);
    sorter.counts.invalid += joiner.dropped - dropped;
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(place.port, place.host, () => {
      socket.removeListener("error", reject);
      resolve();
    });
  });
  socket.on("error", (error) => sorter.problem(error.message));
  enlarge(socket);
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function enlarge(socket: ReturnType<typeof createSocket>): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER);
  } catch {
    // The system's limit is lower: the default must do.
  }
}

function linesOf(datagram: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  while (start < datagram.length) {
    const newline = datagram.indexOf(0x0a, start);
    const end = newline < 0 ? datagram.length : newline;
    lines.push(datagram.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
