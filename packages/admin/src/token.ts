import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Whether a request bears the token: as `Authorization: Bearer TOKEN` (RFC 6750), or as the password of HTTP Basic
 * (RFC 7617, any user name), which a browser asks for by itself. The comparison takes the same time for any token.
 */
export function bearsToken(headers: IncomingHttpHeaders, token: string): boolean {
  const given = tokenOf(headers.authorization ?? "");
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function tokenOf(authorization: string): string | undefined {
  const [scheme = "", value = ""] = authorization.split(/ +/, 2);
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return undefined;
  const pair = Buffer.from(value, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 0 ? undefined : pair.slice(colon + 1);
}
