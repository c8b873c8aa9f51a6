import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";

/** What a proxy does to what passes it; changed while it runs. */
export interface ProxyFaults {
  /** Milliseconds that each chunk towards the target waits. */
  delay: number;
  /** Swallows everything in both directions, and keeps connections open. */
  blackHole: boolean;
  /** Bytes towards the target after which a connection is ended; with `cutWith` a FIN or a RST. */
  cutAfter: number;
  cutWith: "fin" | "reset";
  /** Refuses new connections by resetting them. */
  refuse: boolean;
}

export interface TcpProxy {
  readonly port: number;
  readonly faults: ProxyFaults;
  /** Breaks all connections with a RST on both sides. */
  reset(): void;
  close(): Promise<void>;
}

/** A TCP proxy on 127.0.0.1 that forwards to a local port and can misbehave. Passes half-closes on. */
export async function startTcpProxy(targetPort: number, targetHost = "127.0.0.1"): Promise<TcpProxy> {
  const faults: ProxyFaults = { delay: 0, blackHole: false, cutAfter: Infinity, cutWith: "reset", refuse: false };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (faults.refuse) {
      client.resetAndDestroy();
      return;
    }
    const target = createConnection({ port: targetPort, host: targetHost, allowHalfOpen: true });
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
    forward(client, target, faults, true);
    forward(target, client, faults, false);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    faults,
    reset,
    async close() {
      reset();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(from: Socket, to: Socket, faults: ProxyFaults, towardsTarget: boolean): void {
  let passed = 0;
  from.on("data", (chunk: Buffer) => {
    if (faults.blackHole) return;
    const room = towardsTarget ? faults.cutAfter - passed : Infinity;
    passed += chunk.length;
    if (chunk.length <= room) return later(faults, () => write(from, to, chunk));
    to.write(chunk.subarray(0, Math.max(0, room)), () => cut(from, to, faults.cutWith));
  });
  from.on("end", () => {
    if (!faults.blackHole) later(faults, () => to.end());
  });
  from.on("error", () => to.resetAndDestroy());
  from.on("close", () => to.destroy());
}

function write(from: Socket, to: Socket, chunk: Buffer): void {
  if (to.write(chunk)) return;
  from.pause();
  to.once("drain", () => from.resume());
}

function cut(from: Socket, to: Socket, how: "fin" | "reset"): void {
  for (const socket of [from, to]) {
    if (how === "reset") socket.resetAndDestroy();
    else socket.destroySoon();
  }
}

function later({ delay }: ProxyFaults, act: () => void): void {
  if (delay === 0) act();
  else setTimeout(act, delay);
}
