import type { Sink, Source } from "@sluice/core";
import { expect, test } from "vitest";
import { collectingSink, countingSource, emitLines, numbersOf, range, sinkSpec, start } from "./support.ts";

// Real evil regular expressions: `^(a+)+$` on 50,000 a's never ends.

const evil = (at: readonly number[]) => (key: string, n: number) =>
  at.includes(n) && key === "a" ? `${key} ${n} hang` : `${key} ${n}`;

for (const workers of [0, 2]) {
  test(`a line that hangs arrives unparsed, the others as usual, workers: ${workers}`, async () => {
    const { sink, lines } = collectingSink();
    const source = countingSource({ streams: ["a", "b"], lines: 300, perBatch: 30, line: evil([45, 50, 200]) });
    const run = await start({ workers, sources: [{ name: "s", source }], sinks: [{ spec: sinkSpec("out"), sink }] });
    const result = await run.done;
    expect(result.error).toBeUndefined();
    expect(lines.filter((line) => line.includes("hang"))).toEqual([
      "_timeout a 45 hang",
      "_timeout a 50 hang",
      "_timeout a 200 hang",
    ]);
    const inOrder = lines.map((line) => line.replace("_timeout ", "").replace(" hang", ""));
    expect(numbersOf(inOrder, "a")).toEqual(range(300));
    expect(numbersOf(lines, "b")).toEqual(range(300));
    expect(result.snapshot.ledger.tagged).toEqual({ _timeout: 3 });
    expect(result.snapshot.workers.timeouts).toBe(3);
  });
}

test("other streams go on while a line hangs", async () => {
  const { sink, lines } = collectingSink();
  const arrived = () => lines.includes("_timeout a 0 hang");
  const before = () => numbersOf(lines, "b").length;
  let sent = 0;
  const others: Source = {
    async run(ctx) {
      while (!arrived()) await emitLines(ctx, "b", sent, [`b ${sent++}`]);
    },
  };
  const evilFirst = countingSource({ streams: ["a"], lines: 1, perBatch: 1, line: evil([0]) });
  let seen = 0;
  const watching: Sink = {
    async write(batch) {
      await sink.write(batch, new AbortController().signal);
      if (!arrived()) seen = before();
    },
  };
  const run = await start({
    workers: 2,
    sources: [
      { name: "evil", source: evilFirst },
      { name: "others", source: others },
    ],
    sinks: [{ spec: sinkSpec("out"), sink: watching }],
  });
  await run.done;
  // More than what was on its way when the line began to hang.
  expect(seen).toBeGreaterThan(20);
  expect(numbersOf(lines, "b")).toEqual(range(sent));
});
