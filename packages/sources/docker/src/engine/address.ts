import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { SluiceError } from "@sluice/core";

/** Certificates for an engine behind TLS, as paths of PEM files. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly verify: boolean;
}

export interface EngineAddress {
  /** As it was written: for messages. */
  readonly text: string;
  readonly socketPath?: string;
  readonly origin: string;
  readonly tls?: TlsFiles;
}

const DEFAULT_HOST = "unix:///var/run/docker.sock";
const TLS_PORT = "2376";
const PLAIN_PORT = "2375";

/**
 * Where the engine is: `host`, or the variables that Docker's own client reads (DOCKER_HOST, DOCKER_TLS_VERIFY,
 * DOCKER_CERT_PATH).
 */
export function engineAddress(
  options: { readonly host?: string | undefined; readonly tls?: TlsFiles | undefined },
  env: Readonly<Record<string, string | undefined>>,
): EngineAddress {
  const text = options.host ?? (env["DOCKER_HOST"] || DEFAULT_HOST);
  const unix = /^unix:\/\/(\/.+)$/.exec(text);
  if (unix) return { text, socketPath: unix[1] as string, origin: "http://docker" };
  const tcp = /^(tcp|http|https):\/\/([^/?#@]+)\/?$/.exec(text);
  if (!tcp) throw unusable(text);
  const tls =
    options.tls ?? (options.host === undefined || env["DOCKER_TLS_VERIFY"] ? tlsOfEnvironment(env) : undefined);
  const secure = tcp[1] === "https" || tls !== undefined;
  const host = tcp[2] as string;
  const hasPort = /:\d+$/.test(host);
  const origin = `${secure ? "https" : "http"}://${host}${hasPort ? "" : `:${secure ? TLS_PORT : PLAIN_PORT}`}`;
  return { text, origin, ...(secure && { tls: tls ?? { verify: true } }) };
}

function tlsOfEnvironment(env: Readonly<Record<string, string | undefined>>): TlsFiles | undefined {
  if (!env["DOCKER_TLS_VERIFY"]) return undefined;
  const dir = env["DOCKER_CERT_PATH"] || join(homedir(), ".docker");
  return { ca: join(dir, "ca.pem"), cert: join(dir, "cert.pem"), key: join(dir, "key.pem"), verify: true };
}

function unusable(text: string): SluiceError {
  const hint = "write unix:///var/run/docker.sock or tcp://host:2376; for ssh://, forward the socket and name its path";
  return new SluiceError("SLUICE_CONFIG", `\`${text}\` is no address of a Docker engine`, { hint, written: text });
}

/** TLS settings for a connection. Throws SLUICE_SOURCE when a file cannot be read. */
export function readTls(files: TlsFiles): Record<string, unknown> {
  const read = (path: string | undefined) => (path === undefined ? undefined : readPem(path));
  return { ca: read(files.ca), cert: read(files.cert), key: read(files.key), rejectUnauthorized: files.verify };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new SluiceError("SLUICE_SOURCE", `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
