import type { Sink, Source } from "@sluice/core";
import { expect, test, vi } from "vitest";
import { collectingSink, countingSource, emitLines, numbersOf, range, sinkSpec, start, until } from "./support.ts";

// Real evil regular expressions: `^(a+)+$` on 50,000 a's never ends.

// CPU time decides what hangs, so on a busy machine it takes its time.
vi.setConfig({ testTimeout: 180_000 });

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
  let begin = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let sent = 0;
  const others: Source = {
    async run(ctx) {
      while (!arrived()) await emitLines(ctx, "b", sent, [`b ${sent++}`]);
    },
  };
  let before = 0;
  const hanging: Source = {
    async run(ctx) {
      await begun;
      before = sent;
      await emitLines(ctx, "a", 0, ["a 0 hang"]);
    },
  };
  let during = 0;
  const watching: Sink = {
    async write(batch, signal) {
      await sink.write(batch, signal);
      if (!arrived()) during = numbersOf(lines, "b").length;
    },
  };
  const run = await start({
    workers: 2,
    sources: [
      { name: "hanging", source: hanging },
      { name: "others", source: others },
    ],
    sinks: [{ spec: sinkSpec("out"), sink: watching }],
  });
  await until(() => run.snapshot().workers.ready === 2);
  begin();
  await run.done;
  // More than what a stream may have on its way, so these were read and delivered while the line hung.
  expect(during - before).toBeGreaterThan(8);
  expect(numbersOf(lines, "b")).toEqual(range(sent));
});
