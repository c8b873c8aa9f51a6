import { readFileSync } from "node:fs";
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
} from "@nats-io/transport-node";
import { errorText, type Logger, SluiceError } from "@sluice/core";
import { natsFault } from "./faults.ts";
import type { NatsConnectionOptions } from "./options.ts";

const RECONNECT_MS = 500;
const PING_MS = 10_000;
const CLOSE_MS = 2000;

/** A connection that comes back by itself for as long as `isOpen`; after that a new one has to be made. */
export interface NatsLink {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  manager(): Promise<JetStreamManager>;
  readonly isOpen: boolean;
  /** Sends what is on its way, and closes. */
  close(): Promise<void>;
}

/**
 * Connects; rejects with a SluiceError that says why not. Credentials and certificates are read anew for each connection, also
 * where a lost one is made again: renewed ones need no restart.
 */
export async function connectNats(options: NatsConnectionOptions, name: string, log: Logger): Promise<NatsLink> {
  const { servers, request_timeout: timeout } = options;
  let connection: NatsConnection;
  try {
    connection = await connect({
      servers,
      name: `sluice ${name}`,
      timeout,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      pingInterval: PING_MS,
      ...authentication(options),
      ...tls(options),
    });
  } catch (error) {
    throw natsFault(error, `cannot connect to ${servers.map(withoutSecrets).join(", ")}`);
  }
  void tell(connection, log);
  const client = jetstream(connection, { timeout });
  return {
    connection,
    jetstream: client,
    manager: () => jetstreamManager(connection, { timeout, checkAPI: false }),
    get isOpen() {
      return !connection.isClosed();
    },
    close: () => close(connection),
  };
}

async function close(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  const limit = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref());
  await Promise.race([connection.drain().catch(() => {}), limit]);
  await connection.close().catch(() => {});
}

/** Says when the connection is gone and when it is back. */
async function tell(connection: NatsConnection, log: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "disconnect") log.warn({ server: status.server }, "lost the connection to NATS");
    else if (status.type === "reconnect") log.info({ server: status.server }, "connected to NATS again");
    else if (status.type === "error") log.warn({ error: errorText(status.error) }, "NATS reports an error");
  }
}

function authentication(options: NatsConnectionOptions): NodeConnectionOptions {
  const { user, password, token, nkey_seed: seed, credentials } = options;
  const authenticators: Authenticator[] = [];
  if (seed !== undefined) authenticators.push(nkeyAuthenticator(new TextEncoder().encode(seed)));
  if (credentials !== undefined) authenticators.push(fromFile(credentials));
  return {
    ...(user !== undefined && { user }),
    ...(password !== undefined && { pass: password }),
    ...(token !== undefined && { token }),
    ...(authenticators.length > 0 && { authenticator: authenticators }),
  };
}

/** Credentials as the file has them at each connection; while it cannot be read, as it had them last. */
function fromFile(file: string): Authenticator {
  let login = credsAuthenticator(read("credentials", file));
  return (nonce) => {
    try {
      login = credsAuthenticator(readFileSync(file));
    } catch {
      // Perhaps it is being written at this moment.
    }
    return login(nonce);
  };
}

function tls({ tls: options }: NatsConnectionOptions): NodeConnectionOptions {
  if (!options) return {};
  const { ca, cert, key, verify } = options;
  // The client reads them, but would say nothing of one that is missing.
  for (const [name, file] of Object.entries({ ca, cert, key })) if (file !== undefined) read(`tls.${name}`, file);
  const files = {
    ...(ca !== undefined && { caFile: ca }),
    ...(cert !== undefined && { certFile: cert }),
    ...(key !== undefined && { keyFile: key }),
  };
  // The transport hands it on to Node's TLS as it is.
  const unverified = verify ? {} : { rejectUnauthorized: false };
  return { tls: { ...files, ...unverified } };
}

function read(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const text = `cannot read ${file}: ${errorText(cause)}`;
    throw new SluiceError("SLUICE_CONFIG", text, { hint: `see the option ${option}`, cause });
  }
}

function withoutSecrets(server: string): string {
  return server.replace(/\/\/[^@/]*@/, "//");
}
