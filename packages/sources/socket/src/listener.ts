import { createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { type Event, errorText, type SourceContext } from "@sluice/core";
import { addressText, type Place } from "./address.ts";
import { Budget, type ByteLimits } from "./budget.ts";
import { Connection, type ConnectionSettings } from "./connection.ts";
import { listenError } from "./errors.ts";
import type { Intake } from "./intake.ts";
import { Troubles } from "./troubles.ts";

const SWEEP_MS = 250;
const HANDSHAKE_MS = 15_000;
const KEEPALIVE_MS = 60_000;
/** A client that has been silent for so long after our FIN has nothing on its way. */
const QUIET_MS = 1000;
const FAREWELL_MS = 10;
/** Silence that is taken for the gap between two bursts … */
const GAP_MS = 25;
/** … and how long one is waited for. */
const LATEST_FAREWELL_MS = 1000;
/** Silence after which a client that never sent a record makes room for a new one. */
const USELESS_MS = 30_000;
const BACKLOG = 1024;

/** How a listener treats its clients. */
export interface ListenerSettings extends ConnectionSettings {
  readonly place: Place;
  readonly address: string;
  readonly tls: TlsOptions | undefined;
  readonly maxConnections: number;
  readonly limits: ByteLimits;
  /** Milliseconds of silence after which a client is sent away; never when undefined. */
  readonly idleTimeout: number | undefined;
  /** Begins the id of each connection's stream. */
  readonly id: string;
  readonly fields: Event;
}

/** Accepts connections and reads them into an intake. */
export class Listener {
  readonly #settings: ListenerSettings;
  readonly #intake: Intake;
  readonly #troubles: Troubles;
  readonly #budget: Budget;
  readonly #connections = new Set<Connection>();
  /** The TCP side of TLS connections, from before their handshake on, by the client's address. */
  readonly #raw = new Map<string, Socket>();
  #server: Server | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #accepted = 0;
  /** When it began to part from its clients. */
  #finishing: number | undefined;
  #farewells: NodeJS.Timeout | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(settings: ListenerSettings, intake: Intake, ctx: SourceContext) {
    this.#settings = settings;
    this.#intake = intake;
    this.#troubles = new Troubles(ctx.log);
    this.#budget = new Budget(settings.limits);
  }

  /** Listens; resolves with the port. Throws SLUICE_SOURCE when it cannot. */
  async open(): Promise<number> {
    const { place, tls, address } = this.#settings;
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS };
    // A connection that is kept waiting has so much in Node's buffer besides.
    const base = { allowHalfOpen: true, noDelay: true, highWaterMark: 16_384, ...keepAlive };
    const server = tls
      ? createTlsServer({ ...base, ...tls, handshakeTimeout: HANDSHAKE_MS }, (socket) => this.#acceptTls(socket))
      : createPlainServer(base, (socket) => this.#accept(socket));
    if (tls) this.#watchHandshakes(server);
    this.#server = server;
    try {
      await listen(server, place);
    } catch (error) {
      throw listenError(address, error);
    }
    server.on("error", (error) =>
      this.#troubles.note("cannot accept connections", { address, error: errorText(error) }),
    );
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    return (server.address() as { port: number }).port;
  }

  /** True when there was a connection and all have gone. */
  get isOver(): boolean {
    return this.#accepted > 0 && this.#connections.size === 0;
  }

  /** Resolves when no connection is left. */
  empty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#whenEmpty = resolve));
  }

  /**
   * Takes no more connections and sends a FIN on those there are: their clients stop sending, and what they have sent is
   * read up to their own FIN.
   */
  async finish(): Promise<void> {
    // Connections that the kernel has accepted would be reset when the server closes, with what they have sent.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.#server?.close();
    this.#finishing = performance.now();
    this.#farewells = setInterval(() => this.#sayFarewell(), FAREWELL_MS);
    this.#sayFarewell();
  }

  /** Between two bursts where there is a gap: a sender that finds itself cut off within one may repeat all of it. */
  #sayFarewell(): void {
    const now = performance.now();
    const isLate = now - (this.#finishing ?? now) > LATEST_FAREWELL_MS;
    for (const connection of this.#connections) {
      if (isLate || now - connection.active > GAP_MS) connection.finish();
    }
    if (isLate) clearInterval(this.#farewells);
  }

  /** Ends everything at once; what was read is kept. */
  close(): void {
    this.#warnOfTalkers();
    clearInterval(this.#sweeper);
    clearInterval(this.#farewells);
    this.#server?.close();
    for (const connection of this.#connections) connection.destroy();
    for (const socket of this.#raw.values()) socket.destroy();
    this.#budget.close();
    this.#troubles.close();
  }

  #warnOfTalkers(): void {
    let talkers = 0;
    for (const { ended } of this.#connections) if (!ended) talkers++;
    if (this.#finishing === undefined || talkers === 0) return;
    const { address } = this.#settings;
    this.#troubles.note(
      "clients went on sending after the FIN: what they sent last is lost, if they do not repeat it",
      {
        address,
        clients: talkers,
        hint: "give them more time with drain_timeout",
      },
    );
  }

  changed(connection: Connection): void {
    this.#budget.update(connection);
    if (connection.pending > 0) this.#intake.offer(connection);
  }

  done(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  #acceptTls(socket: TLSSocket): void {
    // A certificate is optional, but one that is shown must be good.
    const refused = socket.authorizationError && Object.keys(socket.getPeerCertificate()).length > 0;
    if (!refused) return this.#accept(socket);
    this.#troubles.note("refused a client's certificate", {
      peer: peerOf(socket),
      error: errorText(socket.authorizationError),
    });
    socket.destroy();
  }

  #accept(socket: Socket): void {
    const peer = peerOf(socket);
    if (peer === undefined) {
      socket.destroy();
      return;
    }
    if (this.#connections.size >= this.#settings.maxConnections && !this.#makePlace())
      return this.#refuse(socket, peer);
    const { id, fields, address } = this.#settings;
    const stream = {
      id: `${id}-${(this.#accepted++).toString(36)}`,
      fields: { ...fields, "log.source.address": peer },
    };
    // A TLS client may not look for our close_notify before it sends on, but notice a FIN that comes alone, as rsyslog does.
    const about = { peer, stream, farewell: this.#raw.get(peer) ?? socket };
    const connection = new Connection(socket, about, this.#settings, this);
    this.#connections.add(connection);
    socket.on("error", (error) => {
      this.#troubles.note("a client's connection broke", { address, peer, error: errorText(error) });
    });
  }

  #refuse(socket: Socket, peer: string): void {
    const { address, maxConnections } = this.#settings;
    this.#troubles.note("refused a connection: there are max_connections already", { address, peer, maxConnections });
    socket.on("error", () => {});
    socket.resetAndDestroy();
  }

  /** Whoever holds a connection for nothing must not keep others out. */
  #makePlace(): boolean {
    const now = performance.now();
    for (const connection of this.#connections) {
      if (connection.isUseless && now - connection.active > USELESS_MS) {
        connection.destroy();
        return true;
      }
    }
    return false;
  }

  #watchHandshakes(server: Server): void {
    server.on("connection", (socket: Socket) => {
      const peer = peerOf(socket);
      if (peer === undefined || this.#raw.size >= this.#settings.maxConnections * 2) {
        socket.destroy();
        return;
      }
      this.#raw.set(peer, socket);
      socket.on("close", () => this.#raw.delete(peer));
    });
    server.on("tlsClientError", (error: Error, socket: Socket) => {
      const { address } = this.#settings;
      this.#troubles.note("a TLS handshake failed", { address, peer: peerOf(socket), error: errorText(error) });
      socket.destroy();
    });
  }

  #sweep(): void {
    const now = performance.now();
    const { idleTimeout, address } = this.#settings;
    const limit = this.#finishing === undefined ? idleTimeout : QUIET_MS;
    if (limit === undefined) return;
    for (const connection of this.#connections) {
      if (connection.waiting || connection.pending > 0 || (this.#finishing && !connection.isFinished)) continue;
      if (now - connection.active < limit) continue;
      if (this.#finishing === undefined)
        this.#troubles.note("closed an idle connection", { address, peer: connection.peer });
      connection.destroy();
    }
  }
}

function peerOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined ? undefined : addressText(remoteAddress, remotePort ?? 0);
}

function listen(server: Server, { host, port }: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: BACKLOG, ipv6Only: false }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}
