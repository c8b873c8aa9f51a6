import { formatInstant } from "./time.ts";

/** TAI64: 2^62 is 1970 TAI, and daemontools counts UTC as 10 seconds behind it, without leap seconds. */
const TAI_EPOCH = (1n << 62n) + 10n;

/**
 * The time of a TAI64N label as RFC 3339 text.
 * @param label its 24 hexadecimal digits, without the `@`
 * @returns null when it is none, or outside of the years 0 to 9999
 */
export function readTai64n(label: string): string | null {
  if (!/^[0-9a-f]{24}$/i.test(label)) return null;
  const nanos = Number.parseInt(label.slice(16), 16);
  const unix = BigInt(`0x${label.slice(0, 16)}`) - TAI_EPOCH;
  if (nanos > 999_999_999 || unix < -62_135_596_800n || unix > 253_402_300_799n) return null;
  return formatInstant(Number(unix) * 1000 + Math.floor(nanos / 1e6), nanos % 1e6) || null;
}
