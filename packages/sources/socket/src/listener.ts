import { createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions, type Server as TlsServer } from "node:tls";
import { type Event, errorText, type SourceContext } from "@sluice/core";
import { type Place, peerOf } from "./address.ts";
import { Budget, type ByteLimits } from "./budget.ts";
import { Connection, type ConnectionSettings } from "./connection.ts";
import { listenError } from "./errors.ts";
import { Handshakes } from "./handshakes.ts";
import { type Intake, recordsIn } from "./intake.ts";
import { watchCertificates } from "./tls.ts";
import { sendNoTickets } from "./tls-tickets.ts";
import { Troubles } from "./troubles.ts";

const SWEEP_MS = 100;
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
const OUTSTAYED = "a client went on sending after the FIN: what it sent last is lost, if it does not repeat it";

/** How a listener treats its clients. */
export interface ListenerSettings extends ConnectionSettings {
  readonly place: Place;
  readonly address: string;
  /** Reads the certificates; undefined without TLS. Throws SLUICE_SOURCE when they cannot be read. */
  readonly readTls: () => TlsOptions | undefined;
  readonly maxConnections: number;
  readonly limits: ByteLimits;
  /** Milliseconds of silence after which a client is sent away; never when undefined. */
  readonly idleTimeout: number | undefined;
  /** Milliseconds that a client has to end as well, after the FIN, if nothing keeps it waiting; none when 0. */
  readonly drainTimeout: number;
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
  readonly #handshakes: Handshakes;
  #server: Server | undefined;
  #unwatch: (() => void) | undefined;
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
    this.#handshakes = new Handshakes(settings.address, settings.maxConnections * 2, this.#troubles);
  }

  /** Listens; resolves with the port. Throws SLUICE_SOURCE when it cannot. */
  async open(): Promise<number> {
    const { place, readTls, address } = this.#settings;
    const tls = readTls();
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS };
    // A connection that is kept waiting has so much in Node's buffer besides.
    const base = { allowHalfOpen: true, noDelay: true, highWaterMark: 16_384, ...keepAlive };
    const server = tls
      ? this.#tlsServer({ ...base, ...tls })
      : createPlainServer(base, (socket) => this.#accept(socket));
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

  /**
   * Takes no more connections and sends a FIN on those there are: their clients stop sending, and what they have sent is
   * read up to their own FIN. Resolves when no connection is left.
   */
  async finish(): Promise<void> {
    // Connections that the kernel has accepted would be reset when the server closes, with what they have sent.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.#server?.close();
    this.#finishing = performance.now();
    this.#farewells = setInterval(() => this.#sayFarewell(), FAREWELL_MS);
    this.#sayFarewell();
    if (this.#settings.drainTimeout > 0) await new Promise<void>((resolve) => (this.#whenEmpty = resolve));
  }

  /** Between two bursts where there is a gap: a sender that finds itself cut off within one may repeat all of it. */
  #sayFarewell(): void {
    const now = performance.now();
    const isLate = now - (this.#finishing ?? now) > LATEST_FAREWELL_MS;
    for (const connection of this.#connections) {
      if (isLate || now - connection.active > GAP_MS) connection.finish();
    }
  }

  /** Records that were read and that the pipeline did not take; they are forgotten. */
  forgetRest(): number {
    let records = 0;
    for (const connection of this.#connections) {
      const batch = connection.take();
      if (batch) records += recordsIn(batch);
    }
    return records;
  }

  /** Ends everything at once; what was read is kept. */
  close(): void {
    clearInterval(this.#sweeper);
    clearInterval(this.#farewells);
    this.#unwatch?.();
    this.#server?.close();
    for (const connection of this.#connections) connection.destroy();
    this.#handshakes.close();
    this.#budget.close();
    this.#troubles.close();
  }

  changed(connection: Connection): void {
    this.#budget.update(connection);
    if (connection.pending > 0) this.#intake.offer(connection);
  }

  done(connection: Connection): void {
    this.#connections.delete(connection);
  }

  #tlsServer(options: TlsOptions): TlsServer {
    const server = createTlsServer({ ...options, handshakeTimeout: HANDSHAKE_MS }, (socket: TLSSocket) => {
      if (this.#handshakes.finished(socket)) this.#accept(socket);
    });
    sendNoTickets(server, options);
    this.#handshakes.watch(server);
    this.#watchCertificates(server, options);
    return server;
  }

  #watchCertificates(server: TlsServer, first: TlsOptions): void {
    const { address, readTls: read } = this.#settings;
    const use = (options: TlsOptions): void => {
      server.setSecureContext(options);
      // It has a context of its own.
      sendNoTickets(server, options);
    };
    const tell = (what: string, error?: string) => this.#troubles.note(what, { address, ...(error && { error }) });
    this.#unwatch = watchCertificates(first, { read, use, tell });
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
    const about = { peer, stream, farewell: this.#handshakes.below(peer) ?? socket };
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

  #sweep(): void {
    const now = performance.now();
    if (this.#finishing !== undefined) return this.#part(now, now - this.#finishing);
    const { idleTimeout, address } = this.#settings;
    if (idleTimeout === undefined) return;
    for (const connection of this.#connections) {
      if (!isSilent(connection, now, idleTimeout)) continue;
      this.#troubles.note("closed an idle connection", { address, peer: connection.peer });
      connection.destroy();
    }
  }

  /** Ends what is left of connections that have had their FIN, when there is nothing more to be had of them. */
  #part(now: number, passed: number): void {
    const { drainTimeout, address } = this.#settings;
    for (const connection of this.#connections) {
      if (connection.hasOutstayed(now, drainTimeout)) {
        const hint = "give clients more time with drain_timeout";
        this.#troubles.note(OUTSTAYED, { address, peer: connection.peer, hint });
        connection.destroy();
      } else if (connection.isFinished && isSilent(connection, now, QUIET_MS)) connection.destroy();
    }
    if (passed > drainTimeout) this.#handshakes.abandon();
    if (this.#connections.size === 0 && this.#handshakes.open === 0) this.#whenEmpty?.();
  }
}

function isSilent(connection: Connection, now: number, limit: number): boolean {
  return !connection.waiting && connection.pending === 0 && now - connection.active >= limit;
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
