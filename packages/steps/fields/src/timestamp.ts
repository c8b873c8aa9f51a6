import {
  addTag,
  errorText,
  formatInstant,
  type Instant,
  parseClf,
  parseEpoch,
  parseIso,
  parseSyslogTime,
  type StepDefinition,
  setField,
  timeZone,
  type Value,
} from "@sluice/core";
import { z } from "zod";
import { strptime, type TimeFormat } from "./strptime.ts";

const TIMESTAMP_FAILURE = "_timestamp_failure";
const EPOCH_MS = /^(-?\d{1,15})(?:\.(\d{1,6}))?$/;
const EPOCH_SECONDS = /^(-?\d{1,12})(?:\.(\d{1,9})\d*)?$/;

const NAMED: Readonly<Record<string, TimeFormat>> = {
  iso: (text, _now, zone) => parseIso(text, zone),
  clf: (text, _now, zone) => parseClf(text, zone),
  syslog: (text, now, zone) => parseSyslogTime(text, now, zone),
  epoch: (text) => epoch(EPOCH_SECONDS.exec(text), 1000),
  epoch_ms: (text) => epoch(EPOCH_MS.exec(text), 1),
  epoch_any: (text) => parseEpoch(text),
};

const format = z.string().superRefine((text, ctx) => {
  if (Object.hasOwn(NAMED, text)) return;
  try {
    if (!text.includes("%"))
      throw new Error(
        `"${text}" is no time format: write ${Object.keys(NAMED).join(", ")} or a strptime pattern such as %Y-%m-%d %H:%M:%S`,
      );
    strptime(text);
  } catch (error) {
    ctx.addIssue({ code: "custom", message: errorText(error) });
  }
});
const zoneName = z.string().superRefine((name, ctx) => {
  try {
    timeZone(name);
  } catch (error) {
    ctx.addIssue({ code: "custom", message: errorText(error) });
  }
});

const options = z
  .strictObject({
    field: z.string().min(1).describe("Field that holds the time, as text or as a number of seconds or milliseconds"),
    formats: z
      .union([format, z.array(format).min(1)])
      .default(["iso", "clf", "syslog", "epoch_any"])
      .describe(
        "Formats to try in order: `iso`, `clf` (10/Jan/2017:13:06:27 -0300), `syslog`, `epoch`, `epoch_ms`, `epoch_any` " +
          "(by its size), or a strptime pattern (`%d/%b/%Y:%H:%M:%S %z`; `%L` is a fraction of a second)",
      ),
    timezone: zoneName
      .default("local")
      .describe("Zone of times that carry none: `UTC`, `local`, `+02:00` or `Europe/Berlin`"),
    target: z.string().min(1).default("@timestamp").describe("Field that gets the time, as RFC 3339 in UTC"),
  })
  .describe("Where the time is and how to read it. A date without a year is taken as the nearest past one");

type TimestampOptions = z.output<typeof options>;

/** `timestamp`: reads a time out of a field. What cannot be read gives the event the tag `_timestamp_failure`. */
export const timestampStep: StepDefinition<TimestampOptions> = {
  kind: "step",
  type: "timestamp",
  summary: "Sets the event's time from a field",
  options,
  spread: "any",
  create({ field, formats, timezone, target }) {
    const zone = timeZone(timezone);
    const readers = (typeof formats === "string" ? [formats] : formats).map((name) =>
      Object.hasOwn(NAMED, name) ? (NAMED[name] as TimeFormat) : strptime(name),
    );
    return {
      apply(event, run) {
        const value = Object.hasOwn(event, field) ? event[field] : undefined;
        if (value === undefined || value === null || value === "") return event;
        const text = textOf(value);
        const instant = text === null ? null : firstOf(readers, (reader) => reader(text, run.now, zone));
        const time = instant === null ? "" : formatInstant(instant.ms, instant.ns);
        if (time === "") addTag(event, TIMESTAMP_FAILURE);
        else setField(event, target, time);
        return event;
      },
    };
  },
};

function firstOf<T>(list: readonly T[], read: (item: T) => Instant | null): Instant | null {
  for (const item of list) {
    const instant = read(item);
    if (instant !== null) return instant;
  }
  return null;
}

/** Numbers are seconds or milliseconds; a fraction of a second is good to the microsecond in a double. */
function textOf(value: Value): string | null {
  if (typeof value === "string") return value.trim();
  if (typeof value !== "number" || !(Math.abs(value) < 1e15)) return null;
  return Number.isInteger(value) ? String(value) : value.toFixed(6);
}

function epoch(m: RegExpExecArray | null, unitMs: number): Instant | null {
  if (!m) return null;
  const fraction = ((m[2] ?? "") + "0".repeat(9)).slice(0, unitMs === 1000 ? 9 : 6);
  const negative = (m[1] as string).startsWith("-");
  const nanos = BigInt(m[1] as string) * BigInt(unitMs) * 1_000_000n + BigInt(negative ? `-${fraction}` : fraction);
  const inMs = ((nanos % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return { ms: Number((nanos - inMs) / 1_000_000n), ns: Number(inMs) };
}
