import { describe, expect, it } from "vitest";
import {
  formatInstant,
  type Instant,
  parseClf,
  parseEpoch,
  parseIso,
  parseSyslogTime,
  timeReader,
  timeZone,
} from "../src/index.ts";

const utc = timeZone("UTC");
const iso = (instant: Instant | null): string | null => instant && formatInstant(instant.ms, instant.ns);
const at = (text: string): number => Date.parse(text);

describe("timeZone", () => {
  const berlin = timeZone("Europe/Berlin");

  it.each([
    ["2024-01-15T12:00:00Z", "2024-01-15T11:00:00.000Z"],
    ["2024-07-15T12:00:00Z", "2024-07-15T10:00:00.000Z"],
    // 02:30 does not exist on 2024-03-31, and exists twice on 2024-10-27.
    ["2024-03-31T02:30:00Z", "2024-03-31T01:30:00.000Z"],
    ["2024-03-31T01:59:59Z", "2024-03-31T00:59:59.000Z"],
    ["2024-03-31T03:00:00Z", "2024-03-31T01:00:00.000Z"],
    ["2024-10-27T02:30:00Z", "2024-10-27T00:30:00.000Z"],
    ["2024-10-27T03:00:00Z", "2024-10-27T02:00:00.000Z"],
  ])("reads the wall clock %s of Berlin", (wall, expected) => {
    expect(new Date(berlin.toUtc(at(wall))).toISOString()).toBe(expected);
  });

  it("knows offsets, half hours and the machine's own zone", () => {
    expect(timeZone("+02:00").toUtc(7_200_000)).toBe(0);
    expect(timeZone("-0330").toUtc(0)).toBe(12_600_000);
    expect(timeZone("Asia/Kolkata").toUtc(19_800_000)).toBe(0);
    expect(timeZone("America/New_York").toUtc(at("2024-11-03T01:30:00Z"))).toBe(at("2024-11-03T05:30:00Z"));
    const noon = new Date(2024, 6, 1, 12);
    expect(timeZone("local").toUtc(Date.UTC(2024, 6, 1, 12))).toBe(noon.getTime());
  });

  it("refuses what is no zone", () => {
    expect(() => timeZone("Europe/Bärlin")).toThrow(/not a time zone/);
  });
});

describe("syslog times without a year", () => {
  it.each([
    ["Dec  6 03:11:19", "2024-12-10T00:00:00Z", "2024-12-06T03:11:19.000Z"],
    ["Dec 31 23:59:59", "2025-01-01T00:00:10Z", "2024-12-31T23:59:59.000Z"],
    ["Jan  1 00:00:05", "2024-12-31T23:59:50Z", "2025-01-01T00:00:05.000Z"],
    ["Jan  3 00:00:00", "2024-12-31T23:59:50Z", "2024-01-03T00:00:00.000Z"],
    ["Feb 29 12:00:00", "2026-03-01T00:00:00Z", "2024-02-29T12:00:00.000Z"],
    ["Feb 29 12:00:00", "2024-02-29T06:00:00Z", "2024-02-29T12:00:00.000Z"],
    ["Feb 29 12:00:00", "2103-01-01T00:00:00Z", "2096-02-29T12:00:00.000Z"],
    ["Nov  2 15:40:14", "2024-11-02T15:40:14Z", "2024-11-02T15:40:14.000Z"],
    ["Jul 07 04:07:10.123456", "2024-11-02T15:40:14Z", "2024-07-07T04:07:10.123456Z"],
    ["Mar 14 2018 10:12:33", "2024-11-02T15:40:14Z", "2018-03-14T10:12:33.000Z"],
    ["Wed Mar 14 10:12:33 2018", "2024-11-02T15:40:14Z", "2018-03-14T10:12:33.000Z"],
  ])("%s read at %s", (text, now, expected) => {
    expect(iso(parseSyslogTime(text, at(now), utc))).toBe(expected);
  });

  it.each(["Feb 30 00:00:00", "Foo  1 00:00:00", "Dec  6 25:00:00", "Dec 6", ""])("is none: %s", (text) => {
    expect(parseSyslogTime(text, at("2024-06-01T00:00:00Z"), utc)).toBeNull();
  });
});

describe("other times", () => {
  it("reads CLF, in its own zone or the given one", () => {
    expect(iso(parseClf("10/Jan/2017:13:06:27 -0300", utc))).toBe("2017-01-10T16:06:27.000Z");
    expect(iso(parseClf("10/Jan/2017:13:06:27", timeZone("+01:00")))).toBe("2017-01-10T12:06:27.000Z");
    expect(parseClf("31/Feb/2017:13:06:27 +0000", utc)).toBeNull();
    expect(parseClf("10/Jan/2017 13:06:27", utc)).toBeNull();
  });

  it("reads ISO 8601, in its own zone or the given one", () => {
    expect(iso(parseIso("2023-11-14T00:20:42.738197+01:00", utc))).toBe("2023-11-13T23:20:42.738197Z");
    expect(iso(parseIso("2025-04-13 07:15:22,123", timeZone("Europe/Berlin")))).toBe("2025-04-13T05:15:22.123Z");
    expect(iso(parseIso("2023/05/04 10:11:12", utc))).toBe("2023-05-04T10:11:12.000Z");
    expect(parseIso("2023-02-30T00:00:00Z", utc)).toBeNull();
  });

  it("tells the unit of an epoch time by its size", () => {
    expect(iso(parseEpoch("1500322623"))).toBe("2017-07-17T20:17:03.000Z");
    expect(iso(parseEpoch("1500322623.1234"))).toBe("2017-07-17T20:17:03.123400Z");
    expect(iso(parseEpoch("1500322623123"))).toBe("2017-07-17T20:17:03.123Z");
    expect(iso(parseEpoch("1500322623123456789"))).toBe("2017-07-17T20:17:03.123456789Z");
    expect(parseEpoch("12")).toBeNull();
  });

  it("tells the formats apart, and is not misled by what it remembers", () => {
    const read = timeReader(utc);
    const now = at("2024-12-10T00:00:00Z");
    expect(read("Dec  6 03:11:19", now)).toBe("2024-12-06T03:11:19.000Z");
    expect(read("Dec  6 03:11:19", at("2023-12-10T00:00:00Z"))).toBe("2023-12-06T03:11:19.000Z");
    expect(read("10/Jan/2017:13:06:27 -0300", now)).toBe("2017-01-10T16:06:27.000Z");
    expect(read("10/Jan/2017:13:06:27 -0300", now)).toBe("2017-01-10T16:06:27.000Z");
    expect(read("1684329817.579", now)).toBe("2023-05-17T13:23:37.579Z");
    expect(read("nonsense", now)).toBeNull();
    expect(read("", now)).toBeNull();
  });
});
