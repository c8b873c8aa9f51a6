import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const TRICKLE_MS = 20;
const NOTHING = Buffer.alloc(0);

/** What a proxy does to what passes it; changed while it runs. */
export interface ProxyFaults {
  /** Milliseconds that each chunk waits, in both directions; also when its sender has gone meanwhile. */
  delay: number | ((chunk: Buffer) => number);
  /** Bytes that pass towards the target at a time, every 20 ms; 0 for no limit. */
  trickle: number;
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
  /** Refuses to be connected to, as a target that is not there does, until `listenAgain`; connections go on. */
  stopListening(): void;
  listenAgain(): Promise<void>;
  /** Ends its own sending towards all clients, and goes on reading from them. */
  halfClose(): void;
  close(): Promise<void>;
}

/**
 * A TCP proxy on a free port of 127.0.0.1, or where `listen` says, that forwards to a local port and can misbehave. Passes
 * half-closes on.
 */
export async function startTcpProxy(
  targetPort: number,
  targetHost = "127.0.0.1",
  listen: { readonly host: string; readonly port: number } = { host: "127.0.0.1", port: 0 },
): Promise<TcpProxy> {
  const faults: ProxyFaults = {
    delay: 0,
    trickle: 0,
    blackHole: false,
    cutAfter: Infinity,
    cutWith: "reset",
    refuse: false,
  };
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (faults.refuse) {
      client.resetAndDestroy();
      return;
    }
    const target = createConnection({ port: targetPort, host: targetHost, allowHalfOpen: true });
    clients.add(client);
    client.on("close", () => clients.delete(client));
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
    forward(client, target, faults, true);
    forward(target, client, faults, false);
  });
  server.listen(listen.port, listen.host);
  await once(server, "listening");
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const { port } = server.address() as { port: number };
  return {
    port,
    faults,
    stopListening: () => void server.close(),
    async listenAgain() {
      if (server.listening) return;
      server.listen(port, listen.host);
      await once(server, "listening");
    },
    reset,
    halfClose() {
      for (const client of clients) client.end();
    },
    async close() {
      reset();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Passes on what comes, in its order, whatever the faults are changed to meanwhile. */
function forward(from: Socket, to: Socket, faults: ProxyFaults, towardsTarget: boolean): void {
  let passed = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (act: () => void | Promise<void>, chunk: Buffer = NOTHING): void => {
    const delay = typeof faults.delay === "number" ? faults.delay : faults.delay(chunk);
    const due = delay > 0 ? sleep(delay) : undefined;
    turn = turn.then(() => due).then(() => (to.destroyed ? undefined : act()));
  };
  from.on("data", (chunk: Buffer) => {
    if (faults.blackHole) return;
    const room = towardsTarget ? faults.cutAfter - passed : Infinity;
    passed += chunk.length;
    if (chunk.length > room) {
      inTurn(() => void to.write(chunk.subarray(0, Math.max(0, room)), () => cut(from, to, faults.cutWith)), chunk);
    } else if (towardsTarget && faults.trickle > 0) {
      from.pause();
      inTurn(() => trickle(to, chunk, faults), chunk);
      inTurn(() => void from.resume());
    } else inTurn(() => write(from, to, chunk), chunk);
  });
  from.on("end", () => {
    if (!faults.blackHole) inTurn(() => void to.end());
  });
  from.on("error", () => to.resetAndDestroy());
  from.on("close", () => inTurn(() => void to.destroy()));
}

function write(from: Socket, to: Socket, chunk: Buffer): void {
  if (to.write(chunk)) return;
  from.pause();
  to.once("drain", () => from.resume());
}

/** Passes a chunk on little by little; the rest in one piece once the fault is over. */
async function trickle(to: Socket, chunk: Buffer, faults: ProxyFaults): Promise<void> {
  for (let at = 0; at < chunk.length && !to.destroyed; ) {
    const end = faults.trickle > 0 ? Math.min(chunk.length, at + faults.trickle) : chunk.length;
    to.write(chunk.subarray(at, end));
    at = end;
    if (at < chunk.length) await sleep(TRICKLE_MS);
  }
}

function cut(from: Socket, to: Socket, how: "fin" | "reset"): void {
  for (const socket of [from, to]) {
    if (how === "reset") socket.resetAndDestroy();
    else socket.destroySoon();
  }
}
