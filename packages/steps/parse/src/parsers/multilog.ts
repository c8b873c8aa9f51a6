import { formatInstant } from "@sluice/core";
import type { NamedParser } from "../parser.ts";

const LABEL = /^@([0-9a-fA-F]{16})([0-9a-fA-F]{8})(?: |$)/;
/** What `tai64nlocal` makes of a label. */
const LOCAL = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9}) /;
/** TAI64: 2^62 is 1970 TAI, and daemontools counts UTC as 10 seconds behind it, without leap seconds. */
const TAI_EPOCH = (1n << 62n) + 10n;

/**
 * Lines of daemontools' multilog: the TAI64N label (`@400000005877dae32be5ffbc`, or as `tai64nlocal` prints it)
 * becomes the time, `message` the line behind it.
 */
export const multilog: NamedParser = {
  name: "multilog",
  summary: "daemontools multilog lines: a TAI64N time, then the line",
  create: (ctx) => ({
    parse(text, event, now) {
      const label = LABEL.exec(text);
      const local = label ? null : LOCAL.exec(text);
      const time = label
        ? tai64n(label[1] as string, label[2] as string)
        : local
          ? ctx.readTime(local[1] as string, now)
          : null;
      if (time === null) return false;
      event["@timestamp"] = time;
      event["message"] = text.slice((label ?? local)?.[0].length);
      return true;
    },
  }),
};

function tai64n(seconds: string, nanoseconds: string): string | null {
  const nanos = Number.parseInt(nanoseconds, 16);
  const unix = BigInt(`0x${seconds}`) - TAI_EPOCH;
  if (nanos > 999_999_999 || unix < -62_135_596_800n || unix > 253_402_300_799n) return null;
  return formatInstant(Number(unix) * 1000 + Math.floor(nanos / 1e6), nanos % 1e6) || null;
}
