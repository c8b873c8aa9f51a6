import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { createConnection, isIP, type Socket } from "node:net";
import { resolve as resolvePath } from "node:path";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import type { CheckRun } from "../check-sampler.ts";
import type { TlsOptions } from "../options.ts";
import { ms, type Phases } from "../result.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Dialled {
  readonly socket: Socket;
  readonly ip: string;
  /** End of the server's certificate, when TLS is spoken. */
  readonly certificateEnd?: Date;
}

/** Connects, and takes the time of each part. Without TLS options none is spoken. */
export async function dial(
  { host, port }: Address,
  tls: ConnectionOptions | undefined,
  phases: Phases,
  signal: AbortSignal,
): Promise<Dialled> {
  const addresses = await resolved(host, phases, signal);
  const connecting = performance.now();
  const socket = createConnection({
    host,
    port,
    autoSelectFamily: true,
    lookup: (_host, options, done) => {
      if (options.all) done(null, addresses);
      else done(null, addresses[0]?.address ?? "", addresses[0]?.family);
    },
  });
  await ready(socket, "connect", signal);
  phases.connect = ms(connecting);
  const ip = socket.remoteAddress ?? "";
  if (!tls) return { socket, ip };
  const shaking = performance.now();
  const secure = connectTls({ ...(isIP(host) === 0 && { servername: host }), ...tls, socket, host });
  await ready(secure, "secureConnect", signal);
  phases.tls = ms(shaking);
  const end = certificateEnd(secure);
  return { socket: secure, ip, ...(end && { certificateEnd: end }) };
}

async function resolved(host: string, phases: Phases, signal: AbortSignal) {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  const asking = performance.now();
  const found = await orAborted(lookup(host, { all: true }), signal);
  phases.dns = ms(asking);
  return found;
}

/** Settles like the work, or rejects when the signal aborts: a question to the system cannot be called back. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", end);
    work.catch(() => {});
  }
}

/** Waits for a socket's event; a socket that fails before is destroyed. */
async function ready(socket: Socket, event: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const closed = (): void => reject(new Error("closed by the other side"));
  socket.once(event, resolve).once("error", reject).once("close", closed);
  try {
    await orAborted(promise, signal);
    socket.off("error", reject).off("close", closed);
    // What happens later is the user's of the socket; without a listener it would end the process.
    socket.on("error", () => {});
  } catch (error) {
    socket.on("error", () => {});
    socket.destroy();
    throw error;
  }
}

function certificateEnd(socket: TLSSocket): Date | undefined {
  const { valid_to } = socket.getPeerCertificate();
  const end = new Date(valid_to ?? "");
  return Number.isNaN(end.getTime()) ? undefined : end;
}

/** Options of Node.js for TLS; the files are read each time, so that renewed ones are used. */
export async function tlsSettings(
  tls: boolean | TlsOptions | undefined,
  { baseDir }: CheckRun,
): Promise<ConnectionOptions> {
  if (typeof tls !== "object") return {};
  const read = async (name: "ca" | "cert" | "key") => {
    const path = tls[name];
    return path === undefined ? {} : { [name]: await readFile(resolvePath(baseDir, path)) };
  };
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.server_name !== undefined && { servername: tls.server_name }),
    ...(await read("ca")),
    ...(await read("cert")),
    ...(await read("key")),
  };
}
