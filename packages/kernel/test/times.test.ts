import { timeReader, timeZone } from "@sluice/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gelf, ndjson } from "./support/encoders.ts";
import { familyOf, Reference, runKernel, type Setup } from "./support/reference.ts";

// Times go through a cache that computes most of them; here they must come out as the reader itself gives them.

const DAY = 86_400_000;
const pad = (n: number, width = 2): string => String(n).padStart(width, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

type Format = (date: Date, fraction: string) => string;
const clock = (d: Date): string => d.toISOString().slice(11, 19);
const FORMATS: Record<string, Format> = {
  clf: (d) => `${pad(d.getUTCDate())}/${MONTHS[d.getUTCMonth()]}/${d.getUTCFullYear()}:${clock(d)} +0530`,
  syslog: (d) => `${MONTHS[d.getUTCMonth()]} ${String(d.getUTCDate()).padStart(2)} ${clock(d)}`,
  iso: (d) => `${d.toISOString().slice(0, 19)}Z`,
  isoFraction: (d, fraction) => `${d.toISOString().slice(0, 19)}.${fraction}-07:00`,
  isoComma: (d, fraction) => `${d.toISOString().slice(0, 10)} ${clock(d)},${fraction}`,
  local: (d) => d.toISOString().slice(0, 19).replace("T", " "),
  epoch: (d) => String(Math.floor(d.getTime() / 1000)),
  odd: (d, fraction) => `${d.toISOString().slice(0, 17)}${fraction.slice(0, 2)}Z`,
};
const fraction = fc.constantFrom(
  "1",
  "12",
  "123",
  "100",
  "000",
  "123456",
  "123000",
  "100000",
  "123456789",
  "123456000",
  "123000000",
  "000000000",
  "000000001",
  "1234567",
);

function setup(zone: string, encoder: Setup["encoder"], needsNow: boolean): Setup {
  const plan = {
    patterns: [
      {
        source: "\\A(?<n1>[^|]+)\\|(?<n2>.*)",
        captures: [{ group: 2, field: "rest", type: "string" as const }],
        timestampGroup: 1,
        constants: [],
      },
    ],
    timestamp: timeReader(timeZone(zone)),
    timestampNeedsNow: needsNow,
  };
  return { plan, stream: { id: "s", fields: {} }, encoder, stamp: true };
}

// Days on which clocks change, New Year, leap days, the beginning of the epoch, and any other.
const DAYS = [
  "2024-03-31",
  "2024-10-27",
  "2023-12-31",
  "2024-01-01",
  "2024-02-29",
  "1970-01-01",
  "1969-12-31",
  "2017-01-10",
];
const instant = fc.tuple(
  fc.oneof(
    fc.constantFrom(...DAYS).map((day) => Date.parse(day)),
    fc.nat(20_000).map((n) => n * DAY),
  ),
  fc.nat(DAY - 1),
);

const text = fc
  .tuple(fc.constantFrom(...Object.keys(FORMATS)), instant, fraction, fc.boolean())
  .map(([format, [day, ms], digits, near]) =>
    (FORMATS[format] as Format)(new Date(day + (near ? ms % 120_000 : ms)), digits),
  );

/** As in a log: one form, one day, any minute. */
const ofOneDay = fc
  .tuple(fc.constantFrom(...Object.keys(FORMATS)), instant, fc.array(fc.nat(DAY - 1), { minLength: 2, maxLength: 40 }))
  .chain(([format, [day], clocks]) =>
    fraction.map((digits) => clocks.map((ms) => (FORMATS[format] as Format)(new Date(day + ms), digits))),
  );
const someTimes = fc.oneof(fc.array(text, { minLength: 1, maxLength: 40 }), ofOneDay);

describe.each([
  ["UTC", gelf, false],
  ["Europe/Berlin", ndjson, true],
  ["Australia/Lord_Howe", gelf, true],
] as const)("times in %s", (zone, encoder, needsNow) => {
  it("come out as the reader gives them", { timeout: 300_000 }, () => {
    const both = setup(zone, encoder, needsNow);
    const family = familyOf(both);
    const reference = new Reference(both);
    let taken = 0;
    let total = 0;
    fc.assert(
      fc.property(someTimes, instant, (times, [day, ms]) => {
        const data = new TextEncoder().encode(times.map((time) => `${time}|x`).join("\n"));
        const now = needsNow ? Date.parse("2024-01-01") + ((day + ms) % (400 * DAY)) : 1.7e12;
        const batch = { data, base: 0, now };
        const { frames, lines } = runKernel(both, family, reference, batch);
        expect(frames).toEqual(reference.run(batch));
        taken += lines;
        total += times.length;
      }),
      { numRuns: 150 },
    );
    expect(taken / total).toBeGreaterThan(0.3);
  });
});

it("asks the reader a few times a day, not for each text", () => {
  const base = setup("UTC", gelf, true);
  let asked = 0;
  const read = base.plan.timestamp;
  const counting: Setup = {
    ...base,
    plan: { ...base.plan, timestamp: (value, now) => (asked++, read?.(value, now) ?? null) },
  };
  const start = Date.parse("2024-01-10T00:00:00Z");
  const times = Array.from({ length: 5000 }, (_, i) => (FORMATS["syslog"] as Format)(new Date(start + i * 17_000), ""));
  const kernel = familyOf(counting).forStream(counting.stream);
  if ("unplannable" in kernel) throw new Error(kernel.unplannable);
  kernel.begin({
    data: new TextEncoder().encode(times.map((time) => `${time}|x`).join("\n")),
    base: 0,
    now: start + DAY,
    validUtf8: true,
  });
  expect(kernel.next()).toBe(-1);
  expect(asked).toBeLessThan(50);
});
