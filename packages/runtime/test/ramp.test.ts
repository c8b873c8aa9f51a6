import { expect, test } from "vitest";
import { Ramp } from "../src/workers/ramp.ts";

test("another worker is wanted when batches have waited for a second, and then for another", () => {
  let now = 0;
  const ramp = new Ramp(() => now);
  const at = (ms: number, waiting: number): boolean => {
    now = ms;
    return ramp.wantsMore(waiting);
  };
  expect([at(0, 1), at(999, 3), at(1000, 1)]).toEqual([false, false, true]);
  expect([at(1010, 1), at(1900, 1), at(2010, 1)]).toEqual([false, false, true]);
});

test("batches that wait now and then want no other worker", () => {
  let now = 0;
  const ramp = new Ramp(() => now);
  for (; now < 10_000; now += 300) {
    expect(ramp.wantsMore(2)).toBe(false);
    expect(ramp.wantsMore(0)).toBe(false);
  }
});
