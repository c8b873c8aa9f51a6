import { isIP } from "node:net";
import { SluiceError } from "@sluice/core";

/** Where the HTTP side listens. */
export interface HttpAddress {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
}

/** The address of `sluice run` when none is given. */
export const DEFAULT_HTTP = "127.0.0.1:9600";

/** Reads `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `PORT`; without a host it is loopback. Throws SLUICE_USAGE. */
export function parseHttpAddress(text: string): HttpAddress {
  const match = /^(?:http:\/\/)?(?:(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]*)):)?(\d{1,5})\/?$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw new SluiceError("SLUICE_USAGE", `--http ${text}: this is no address`, {
      hint: "write it like 127.0.0.1:9600, [::1]:9600 or :9600, or `off`",
    });
  }
  return { host: match[1] || match[2] || "127.0.0.1", port };
}

/** Whether only this machine reaches the address. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  const v4 = host.replace(/^::ffff:/i, "");
  return isIP(v4) === 4 && v4.startsWith("127.");
}

/** Throws SLUICE_HTTP for an address that others can reach when there is no token. */
export function requireToken({ host, port }: HttpAddress, token: string | undefined): void {
  if (isLoopback(host) || token) return;
  throw new SluiceError("SLUICE_HTTP", `--http ${host}:${port} can be reached from outside, so it needs a token`, {
    hint: "set SLUICE_HTTP_TOKEN or --http-token-file, or listen on 127.0.0.1 and use an SSH tunnel",
  });
}

/** `http://127.0.0.1:9600`. */
export function httpUrl({ host, port }: HttpAddress): string {
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}
