import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { timestampStep } from "../src/index.ts";
import { apply, complaint, create, NOW } from "./support.ts";

function read(text: unknown, formats: unknown, timezone = "UTC", now = NOW): unknown {
  const event = apply(timestampStep, { field: "t", formats, timezone }, { t: text as string }, now);
  return event?.["@timestamp"] ?? event?.["tags"];
}

describe("strptime patterns", () => {
  // Derived from fluent-bit tests/internal/parser.c (Apache-2.0): 1500322623 with different zones and fractions.
  it.each([
    ["%m/%d/%Y %H:%M:%S %z", "07/18/2017 05:17:03 +0900", "UTC", "2017-07-17T20:17:03.000Z"],
    ["%m/%d/%Y %H:%M:%S,%L %z", "07/17/2017 22:17:03,1 +02:00", "UTC", "2017-07-17T20:17:03.100Z"],
    ["%a %b %d %H:%M:%S.%L %Y", "Fri Jul 17 20:17:03.1234 2017", "UTC", "2017-07-17T20:17:03.123400Z"],
    ["%b %d %H:%M:%S,%L", "Feb 16 04:06:58,1234", "-06:00", "2017-02-16T10:06:58.123400Z"],
    ["%m/%d/%Y %H:%M:%S:%L %z", "07/17/2017 22:17:03:1 +02:00", "UTC", "2017-07-17T20:17:03.100Z"],
    ["%m/%d/%Y %H:%M:%S,%LZ", "07/17/2017 20:17:03,1234Z", "Asia/Tokyo", "2017-07-17T20:17:03.123400Z"],
    ["%m/%d/%Y %H:%M:%S", "07/17/2017 22:17:03", "+02:00", "2017-07-17T20:17:03.000Z"],
  ])("%s reads %s", (format, text, timezone, expected) => {
    expect(read(text, format, timezone)).toBe(expected);
  });

  it.each([
    ["%d/%b/%Y:%T %z", "10/Jan/2017:13:06:27 -0300", "2017-01-10T16:06:27.000Z"],
    ["%F %I:%M %p", "2017-01-10 12:30 AM", "2017-01-10T00:30:00.000Z"],
    ["%F %I:%M %p", "2017-01-10 12:30 pm", "2017-01-10T12:30:00.000Z"],
    ["%y%m%d %R", "170110 13:06", "2017-01-10T13:06:00.000Z"],
    ["%Y-%j", "2016-366", "2016-12-31T00:00:00.000Z"],
    ["%s.%L", "1500322623.123456789", "2017-07-17T20:17:03.123456789Z"],
    ["%B %e, %Y", "January  5, 2017", "2017-01-05T00:00:00.000Z"],
    ["100%% %Y", "100% 2017", "2017-01-01T00:00:00.000Z"],
    ["%H:%M", "10:11", "2017-12-31T10:11:00.000Z"],
    ["%H:%M", "23:59", "2017-12-31T23:59:00.000Z"],
    ["%b %d %H:%M:%S", "Jan  1 00:00:00", "2018-01-01T00:00:00.000Z"],
    ["%b %d %H:%M:%S", "Jan  2 00:00:00", "2017-01-02T00:00:00.000Z"],
  ])("%s reads %s", (format, text, expected) => {
    expect(read(text, format, "UTC", format.startsWith("%b") ? NOW + 43_000_000 : NOW)).toBe(expected);
  });

  it.each([
    ["%Y-%m-%d", "2017-02-30"],
    ["%Y-%j", "2017-366"],
    ["%I:%M", "13:00"],
    ["%Y", "2017 and more"],
    ["%d/%b/%Y", "10/Foo/2017"],
  ])("%s refuses %s", (format, text) => {
    expect(read(text, format)).toEqual(["_timestamp_failure"]);
  });

  it("takes a clock change as Temporal does", () => {
    expect(read("2024-03-31 02:30", "%F %R", "Europe/Berlin")).toBe("2024-03-31T01:30:00.000Z");
    expect(read("2024-10-27 02:30", "%F %R", "Europe/Berlin")).toBe("2024-10-27T00:30:00.000Z");
  });
});

describe("named formats", () => {
  it.each([
    ["iso", "2017-01-10T13:06:27.123456789-03:00", "2017-01-10T16:06:27.123456789Z"],
    ["clf", "10/Jan/2017:13:06:27 -0300", "2017-01-10T16:06:27.000Z"],
    ["syslog", "Dec  6 03:11:19", "2017-12-06T03:11:19.000Z"],
    ["epoch", "1500322623.5", "2017-07-17T20:17:03.500Z"],
    ["epoch", 1_500_322_623.25, "2017-07-17T20:17:03.250Z"],
    ["epoch", -1.5, "1969-12-31T23:59:58.500Z"],
    ["epoch", 0, "1970-01-01T00:00:00.000Z"],
    ["epoch_ms", 1_500_322_623_123, "2017-07-17T20:17:03.123Z"],
    ["epoch_ms", "1500322623123.5", "2017-07-17T20:17:03.123500Z"],
    ["epoch_any", "1500322623123456", "2017-07-17T20:17:03.123456Z"],
  ])("%s reads %s", (format, value, expected) => {
    expect(read(value, format)).toBe(expected);
  });

  it("are tried in order, all of the usual ones by default", () => {
    expect(read("10/Jan/2017:13:06:27 -0300", ["iso", "clf"])).toBe("2017-01-10T16:06:27.000Z");
    expect(read("1500322623", undefined)).toBe("2017-07-17T20:17:03.000Z");
  });
});

describe("timestamp", () => {
  it("writes to another field, and leaves events without the field alone", () => {
    const options = { field: "t", target: "event.created", timezone: "UTC" };
    const iso = "2017-01-10T00:00:00.000Z";
    expect(apply(timestampStep, options, { t: iso })).toEqual({ t: iso, "event.created": iso });
    expect(apply(timestampStep, options, { a: 1 })).toEqual({ a: 1 });
  });

  it("tags what it cannot read and keeps the time of reading", () => {
    const event = { t: "soon", "@timestamp": "2017-01-01T00:00:00.000Z" };
    expect(apply(timestampStep, { field: "t" }, { ...event })).toEqual({ ...event, tags: ["_timestamp_failure"] });
    expect(read({ a: 1 }, "iso")).toEqual(["_timestamp_failure"]);
    expect(read(1e300, "epoch")).toEqual(["_timestamp_failure"]);
  });

  it("refuses unknown formats and zones when the pipeline is validated", () => {
    expect(complaint(timestampStep, { field: "t", formats: "%Q" })).toMatch(/there is no %Q/);
    expect(complaint(timestampStep, { field: "t", formats: "yyyy-MM-dd" })).toMatch(/strptime pattern/);
    expect(complaint(timestampStep, { field: "t", timezone: "Mars" })).toMatch(/not a time zone/);
    expect(complaint(timestampStep, { field: "t", formats: "%q%" })).toMatch(/there is no %q/);
  });

  it("takes any text", () => {
    const formats = ["iso", "clf", "syslog", "epoch", "epoch_ms", "%a, %d %b %Y %H:%M:%S.%L %z", "%y %j %I %p"];
    const step = create(timestampStep, { field: "t", formats, timezone: "Europe/Berlin" });
    const text = fc
      .array(fc.constantFrom(...Array.from("0123456789:-+/., TZJanDec%")), { maxLength: 40 })
      .map((c) => c.join(""));
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (t) => {
        const event = step.apply({ t }, { now: NOW, tally: {} as never });
        const time = event?.["@timestamp"];
        if (typeof time === "string") expect(Number.isNaN(Date.parse(time.replace(/\.(\d{3})\d*/, ".$1")))).toBe(false);
      }),
    );
  });
});
