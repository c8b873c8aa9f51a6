/** Longest time that a server may ask for; after it is asked again in any case. */
const MOST_MS = 5 * 60_000;

/** Milliseconds that a `Retry-After` header asks for: seconds or a date (RFC 9110, 10.2.3). 0 where there is none. */
export function retryAfter(header: string | string[] | undefined, now: number): number {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return 0;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.min(MOST_MS, Math.max(0, ms)) : 0;
}
