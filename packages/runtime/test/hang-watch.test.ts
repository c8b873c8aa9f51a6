import { expect, test } from "vitest";
import { HangWatch, type Work } from "../src/workers/hang-watch.ts";

/** A thread whose CPU time is not to be had, so that wall time counts for it. */
const NO_THREAD = 0;

test("a thread that comes to its work late is watched all the same", async () => {
  const work: Work = { job: 1, record: 0, bytes: 100, thread: NO_THREAD, guarded: false };
  let looks = 0;
  const hung = await new Promise<Work>((resolve) => {
    const watch = new HangWatch(() => [[0, ++looks > 3 ? work : undefined]], {
      idle: () => false,
      slow: () => {},
      hung: (_index, at) => {
        watch.stop();
        resolve(at);
      },
    });
    watch.start();
  });
  expect(hung).toEqual(work);
});

test("the watch ends when there is no work left, and begins anew", async () => {
  let looks = 0;
  const watch = new HangWatch(
    () => {
      looks++;
      return [];
    },
    { idle: () => true, slow: () => {}, hung: () => {} },
  );
  for (const expected of [1, 2]) {
    watch.start();
    await expect.poll(() => looks).toBe(expected);
    // Another tick would come within this time.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(looks).toBe(expected);
  }
});
