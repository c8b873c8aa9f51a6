import { expect, test } from "vitest";
import { collectingSink, countingSource, numbersOf, programSpec, range, sinkSpec, start } from "./support.ts";

test("order is kept for each stream when workers take their time", async () => {
  const { sink, lines } = collectingSink();
  const line = (key: string, n: number) => (n % 10 === 0 ? `${key} ${n} spin${(n * 7) % 5}` : `${key} ${n}`);
  const source = countingSource({ streams: ["a", "b", "c"], lines: 400, perBatch: 10, line });
  const run = await start({ workers: 3, sources: [{ name: "s", source }], sinks: [{ spec: sinkSpec("out"), sink }] });
  await run.done;
  const plain = lines.map((text) => text.replace(/ spin\d$/, ""));
  for (const key of ["a", "b", "c"]) expect(numbersOf(plain, key)).toEqual(range(400));
});

for (const spread of ["by-stream", "single"]) {
  test(`nothing is lost or mixed up with spread ${spread}, also when a worker is replaced`, async () => {
    const { sink, lines } = collectingSink();
    const line = (key: string, n: number) => (key === "b" && n === 17 ? `${key} ${n} exit` : `${key} ${n}`);
    const source = countingSource({ streams: ["a", "b", "c", "d"], lines: 200, perBatch: 10, line });
    const run = await start({
      workers: 3,
      programSpec: programSpec({ spread }),
      sources: [{ name: "s", source }],
      sinks: [{ spec: sinkSpec("out"), sink }],
    });
    const result = await run.done;
    expect(result.ok).toBe(true);
    const plain = lines.map((text) => text.replace(/^_timeout | exit$/g, ""));
    for (const key of ["a", "b", "c", "d"]) expect(numbersOf(plain, key)).toEqual(range(200));
    expect(lines).toContain("_timeout b 17 exit");
  });
}

for (const [what, workers] of [
  ["exit", 2],
  ["oom", 2],
  ["throw", 2],
  ["throw", 0],
] as const) {
  test(`a line that makes the program ${what} arrives unparsed, workers: ${workers}`, async () => {
    const { sink, lines } = collectingSink();
    const line = (key: string, n: number) => (n === 33 ? `${key} ${n} ${what}` : `${key} ${n}`);
    const source = countingSource({ streams: ["a"], lines: 100, perBatch: 10, line });
    const run = await start({
      workers,
      resourceLimits: { maxOldGenerationSizeMb: 32 },
      sources: [{ name: "s", source }],
      sinks: [{ spec: sinkSpec("out"), sink }],
    });
    const result = await run.done;
    expect(result.ok).toBe(true);
    expect(lines).toEqual(range(100).map((n) => (n === 33 ? `_timeout a 33 ${what}` : `a ${n}`)));
    expect(result.snapshot.ledger).toMatchObject({ in: 100, delivered: 100, tagged: { _timeout: 1 } });
  });
}

for (const workers of [0, 2]) {
  test(`a program that does not compile is refused at the start, workers: ${workers}`, async () => {
    const { sink } = collectingSink();
    const source = countingSource({ streams: ["a"], lines: 1, perBatch: 1 });
    const starting = start({
      workers,
      programSpec: programSpec({ refuse: "yes" }),
      sources: [{ name: "s", source }],
      sinks: [{ spec: sinkSpec("out"), sink }],
    });
    await expect(starting).rejects.toThrow("this does not compile");
  });
}
