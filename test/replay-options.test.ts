import { describe, expect, test } from "vitest";
import { barText } from "../packages/cli/src/replay/progress.ts";
import { timeArgument } from "../packages/cli/src/replay/time.ts";

describe("a time on the command line", () => {
  const now = Date.UTC(2026, 5, 15, 12);

  test.each([
    ["2026-01-31T12:00:00Z", Date.UTC(2026, 0, 31, 12)],
    ["2026-01-31T12:00:00.5+02:00", Date.UTC(2026, 0, 31, 10, 0, 0, 500)],
    ["2026-01-31 12:00:00-0300", Date.UTC(2026, 0, 31, 15)],
    ["2026-01-31", new Date(2026, 0, 31).getTime()],
    ["2026-01-31T12:00:00", new Date(2026, 0, 31, 12).getTime()],
    ["2026-01-31 12:00:00.25", new Date(2026, 0, 31, 12, 0, 0, 250).getTime()],
    ["2h", now - 7_200_000],
    ["1d12h", now - 36 * 3_600_000],
  ])("%s", (text, expected) => {
    expect(timeArgument(text, now)).toBe(expected);
  });

  test.each(["", "now", "2026-13-01", "2026-02-30", "2026-01-31T25:00:00Z", "2", "-2h"])("%j is none", (text) => {
    expect(() => timeArgument(text, now)).toThrow("write 2026-01-31T12:00:00Z");
  });
});

test.each([
  [{ bytes: 0, total: 1000, events: 0 }, 0, 0, `[${" ".repeat(24)}]   0%  0 events  0/s  ETA --:--`],
  [
    { bytes: 500, total: 1000, events: 12_345 },
    5000.4,
    5,
    `[${"=".repeat(12)}${" ".repeat(12)}]  50%  12,345 events  5,000/s  ETA 01:40`,
  ],
  [{ bytes: 1, total: 1e6, events: 1 }, 1, 100, `[${" ".repeat(24)}]   0%  1 events  1/s  ETA 2:46:39`],
  [{ bytes: 1000, total: 1000, events: 9 }, 1, 1, `[${"=".repeat(24)}] 100%  9 events  1/s`],
  [{ bytes: 0, total: 0, events: 0 }, 0, 0, `[${"=".repeat(24)}] 100%  0 events  0/s`],
])("the progress bar: %j", (progress, rate, bytesRate, expected) => {
  expect(barText(progress, rate, bytesRate)).toBe(expected);
});
