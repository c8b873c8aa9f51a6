import { expect, test } from "vitest";
import { collectingSink, countingSource, numbersOf, openTestState, range, sinkSpec, start } from "./support.ts";

for (const workers of [0, 2]) {
  test(`everything arrives once and in order, workers: ${workers}`, async () => {
    const state = openTestState();
    const { sink, lines, calls } = collectingSink();
    const run = await start({
      workers,
      state,
      sources: [
        { name: "one", source: countingSource({ streams: ["a", "b"], lines: 1000, perBatch: 7 }) },
        { name: "two", source: countingSource({ streams: ["c"], lines: 500, perBatch: 100 }) },
      ],
      sinks: [{ spec: sinkSpec("out"), sink }],
    });
    const result = await run.done;
    expect(result.error).toBeUndefined();
    expect(result.ok).toBe(true);
    expect(numbersOf(lines, "a")).toEqual(range(1000));
    expect(numbersOf(lines, "b")).toEqual(range(1000));
    expect(numbersOf(lines, "c")).toEqual(range(500));
    expect(calls).toEqual(["drain", "close"]);
    expect(result.snapshot.ledger).toMatchObject({ in: 2500, delivered: 2500, dropped: {} });
    expect(result.snapshot.buffered).toBe(0);
    expect(state.source("test", "one").all()).toEqual(
      new Map([
        ["a", 1000],
        ["b", 1000],
      ]),
    );
    expect(state.ledger("test").delivered).toBe(2500);
    state.close();
  });
}
