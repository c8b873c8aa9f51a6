import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { SluiceError } from "@sluice/core";
import type { GelfOptions } from "./options.ts";

/** Where to send, out of an address such as `tls://graylog:12201`. */
export interface Target {
  readonly transport: "tcp" | "tls" | "udp" | "http";
  readonly host: string;
  readonly port: number;
  /** As written, for messages to people. */
  readonly address: string;
}

/** Reads an address. Throws on one without host or port. */
export function parseAddress(address: string): Target {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const scheme = url?.protocol.slice(0, -1);
  if (
    !url ||
    url.hostname === "" ||
    url.port === "0" ||
    !scheme ||
    !["tcp", "tls", "udp", "http", "https"].includes(scheme)
  ) {
    throw new SluiceError("SLUICE_CONFIG", `"${address}" is not the address of a GELF input`, {
      written: address,
      hint: "write tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT or http(s)://HOST:PORT/gelf",
    });
  }
  const isHttp = scheme.startsWith("http");
  return {
    transport: isHttp ? "http" : (scheme as "tcp" | "tls" | "udp"),
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (scheme === "https" ? 443 : 80)),
    address,
  };
}

/** What `node:tls` is told. */
export interface TlsSettings {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/** TLS settings of the options, with their files read. */
export async function tlsSettings(tls: GelfOptions["tls"], baseDir: string, host: string): Promise<TlsSettings> {
  const file = (path: string) => readFile(resolve(baseDir, path));
  const name = tls.server_name ?? host;
  return {
    ...(tls.ca === undefined ? {} : { ca: await file(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: await file(tls.cert) }),
    ...(tls.key === undefined ? {} : { key: await file(tls.key) }),
    ...(isIP(name) ? {} : { servername: name }),
    rejectUnauthorized: tls.verify,
  };
}
