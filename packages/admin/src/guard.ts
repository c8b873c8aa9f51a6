import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isLoopback } from "./address.ts";
import { bearsToken } from "./token.ts";

export interface GuardOptions {
  /** The address it listens on. */
  readonly host: string;
  /** Demanded from everybody when there is one. */
  readonly token: string | undefined;
}

/** No other origin may read, frame or embed anything, and the page loads nothing but its own files. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "cache-control": "no-store",
};

/** Paths that say no more than yes or no without a token: probes of container engines have none. */
const OPEN_PATHS: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

/** Lets only those requests in that may come in, and puts the security headers on every answer. */
export function guard(app: FastifyInstance, { host, token }: GuardOptions): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(HEADERS);
    if (isLoopback(host) && !namesLoopback(request.headers.host)) {
      return refuse(reply, 421, "this address is not served here; use 127.0.0.1 or localhost");
    }
    if (isForeign(request)) return refuse(reply, 403, "requests of other sites are refused");
    if (token === undefined || OPEN_PATHS.has(pathOf(request)) || bearsToken(request.headers, token)) return undefined;
    reply.header("www-authenticate", 'Basic realm="sluice", charset="UTF-8"');
    return refuse(reply, 401, "a token is demanded: Authorization: Bearer TOKEN, or the token as password");
  });
}

/** Whether the request shows that its sender may see details. */
export function mayKnow(request: FastifyRequest, token: string | undefined): boolean {
  return token === undefined || bearsToken(request.headers, token);
}

/**
 * A site whose name is made to resolve to 127.0.0.1 (DNS rebinding) is of the same origin for the browser, but its
 * name is in `Host`. The port may be any: it is another one at the end of an SSH tunnel.
 */
function namesLoopback(header: string | undefined): boolean {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(header ?? "");
  return match !== null && isLoopback((match[1] ?? match[2] ?? "").toLowerCase());
}

/** A browser says where a request comes from that is not of this page. */
function isForeign(request: FastifyRequest): boolean {
  const { origin, host, "sec-fetch-site": site } = request.headers;
  if (site === "cross-site" && request.headers["sec-fetch-mode"] !== "navigate") return true;
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] as string;
}

function refuse(reply: FastifyReply, status: number, error: string): FastifyReply {
  return reply.code(status).send({ error });
}
