import { readTai64n } from "@sluice/core";
import type { NamedParser } from "../parser.ts";

const LABEL = /^@([0-9a-fA-F]{24})(?: |$)/;
/** What `tai64nlocal` makes of a label. */
const LOCAL = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9}) /;
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
      const time = label ? readTai64n(label[1] as string) : local ? ctx.readTime(local[1] as string, now) : null;
      if (time === null) return false;
      event["@timestamp"] = time;
      event["message"] = text.slice((label ?? local)?.[0].length);
      return true;
    },
  }),
};
