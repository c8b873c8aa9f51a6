import { isIP, type Socket } from "node:net";
import { z } from "zod";

/** Where a source listens. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

const FORM = /^(?:[a-z]+:\/\/)?(?:\[([^\]]+)\]|([^:/[\]]*)):(\d{1,5})(?:\/.*)?$/;

/** An option that says where to listen, as `HOST:PORT` with any of these schemes before it, or none. */
export function listenAddress(schemes: readonly string[], example: string) {
  return z
    .string()
    .refine((text) => readable(text, schemes), { message: `write ${example}, or 0.0.0.0:PORT for every interface` })
    .describe(`Where to listen, e.g. \`${example}\`. Without a host: on every interface.`)
    .meta({ examples: [example] });
}

function readable(text: string, schemes: readonly string[]): boolean {
  const match = FORM.exec(text);
  if (!match || Number(match[3]) > 65_535) return false;
  const [, v6, name = ""] = match;
  if ((v6 !== undefined && !isIP(v6)) || (/^[\d.]+$/.test(name) && !isIP(name))) return false;
  const scheme = schemeOf(text);
  return scheme === "" || schemes.includes(scheme);
}

/** `tcp` of `tcp://…`; empty without one. */
export function schemeOf(text: string): string {
  return /^([a-z]+):\/\//.exec(text)?.[1] ?? "";
}

/** Host and port of an address that was checked. */
export function placeOf(text: string): Place {
  const [, v6, name, port] = FORM.exec(text) as RegExpExecArray;
  return { host: v6 ?? (name || "::"), port: Number(port) };
}

/** `192.0.2.1:514`, `[2001:db8::1]:514`; an IPv4 address that came in over IPv6 is written as what it is. */
export function addressText(address: string, port: number): string {
  const plain = address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** Address of a socket's other side; undefined when that has gone already. */
export function peerOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : addressText(remoteAddress, remotePort ?? 0);
}
