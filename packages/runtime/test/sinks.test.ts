import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { EncodedBatch, Sink } from "@sluice/core";
import { expect, test } from "vitest";
import {
  collectingSink,
  countingSource,
  linesOf,
  numbersOf,
  openTestState,
  pipelineSpec,
  programSpec,
  range,
  sinkSpec,
  start,
  temporaryDir,
  until,
} from "./support.ts";

const lines = (n: number, perBatch: number, streams = ["a"]) => countingSource({ streams, lines: n, perBatch });

/** A pseudo-random number below 1 from a seed, so that a failure can be seen again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

for (const overlapping of [false, true]) {
  test(`with random failures everything arrives at least once, positions never ahead, overlapping: ${overlapping}`, async () => {
    const state = openTestState();
    const dice = random(42);
    const delivered = new Set<string>();
    const firsts: string[] = [];
    let violations = 0;
    const sink: Sink = {
      async write(batch) {
        await new Promise((resolve) => setTimeout(resolve, dice() * 3));
        if (dice() < 0.3) throw new Error("refused");
        for (const line of linesOf(batch)) if (!delivered.has(line)) firsts.push(line);
        for (const line of linesOf(batch)) delivered.add(line);
        // Whatever the state holds now must have been delivered before.
        for (const [key, position] of state.source("test", "s").all()) {
          for (let n = 0; n < Number(position); n++) if (!delivered.has(`${key} ${n}`)) violations++;
        }
      },
    };
    const common = sinkSpec("out", { batch: { events: 50, bytes: 1e6, age: 1 } });
    const run = await start({
      state,
      sources: [{ name: "s", source: lines(500, 5, ["a", "b"]) }],
      sinks: [{ spec: common, sink, overlapping }],
    });
    const result = await run.done;
    expect(result.ok).toBe(true);
    expect(violations).toBe(0);
    expect(delivered.size).toBe(1000);
    expect(result.snapshot.sinks[0]?.retries).toBeGreaterThan(0);
    expect(result.snapshot.ledger).toMatchObject({ in: 1000, delivered: 1000 });
    if (!overlapping) for (const key of ["a", "b"]) expect(numbersOf(firsts, key)).toEqual(range(500));
    state.close();
  });
}

test("a sink that takes nothing stops the sources; the bytes in flight stay bounded", async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const { sink, lines: got } = collectingSink(() => gate);
  let emitted = 0;
  const text = "x".repeat(10_000);
  const source = countingSource({
    streams: ["a"],
    lines: 5000,
    perBatch: 10,
    line: (_, n) => {
      emitted++;
      return `${text} ${n}`;
    },
  });
  const spec = sinkSpec("out", { buffer: { type: "memory", size: 1_000_000, when_full: "block" } });
  const run = await start({ workers: 2, sources: [{ name: "s", source }], sinks: [{ spec, sink, overlapping: true }] });
  await until(() => (run.snapshot().sinks[0]?.inFlightBytes ?? 0) >= 1_000_000);
  let last = -1;
  while (last !== emitted) {
    last = emitted;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  // 10 batches of 100 kB in the sink's buffer, and a few on the way to it.
  expect(run.snapshot().sinks[0]?.inFlightBytes).toBeLessThanOrEqual(1_200_000);
  expect(emitted * text.length).toBeLessThan(3_000_000);
  open();
  const result = await run.done;
  expect(result.ok).toBe(true);
  expect(got.length).toBe(5000);
});

test("a window of open writes is bounded by the buffer", async () => {
  let inFlight = 0;
  let most = 0;
  const { sink, lines: got } = collectingSink(async (batch: EncodedBatch) => {
    inFlight += batch.bytes.length;
    most = Math.max(most, inFlight);
    await new Promise((resolve) => setTimeout(resolve, 2));
    inFlight -= batch.bytes.length;
  });
  const spec = sinkSpec("out", { buffer: { type: "memory", size: 2000, when_full: "block" } });
  const run = await start({
    sources: [{ name: "s", source: lines(3000, 20) }],
    sinks: [{ spec, sink, overlapping: true }],
  });
  await run.done;
  expect(got.length).toBe(3000);
  expect(most).toBeGreaterThan(200);
  expect(most).toBeLessThan(2400);
});

test("after a failure the failed writes come again in order, before newer ones", async () => {
  const failures: (() => void)[] = [];
  const again: string[] = [];
  const sink: Sink = {
    write(batch) {
      if (failures.length === 8) return Promise.resolve(void again.push(...linesOf(batch)));
      return new Promise((_, reject) => {
        failures.push(() => reject(new Error("connection lost")));
        if (failures.length === 8) for (const fail of failures.toReversed()) fail();
      });
    },
  };
  const spec = sinkSpec("out", { batch: { events: 1, bytes: 1e6, age: 0 } });
  const sources = [{ name: "s", source: lines(20, 1) }];
  const run = await start({ sources, sinks: [{ spec, sink, overlapping: true }] });
  await run.done;
  expect(again).toEqual(range(20).map((n) => `a ${n}`));
});

test("small batches are joined up to the limits, large ones are split", async () => {
  const sizes: number[] = [];
  const { sink, lines: got } = collectingSink(async (batch) => void sizes.push(batch.ends.length));
  const spec = sinkSpec("out", { batch: { events: 30, bytes: 1e6, age: 60_000 } });
  const sources = [
    { name: "small", source: lines(100, 3, ["a"]) },
    { name: "large", source: lines(100, 100, ["b"]) },
  ];
  const state = openTestState();
  const run = await start({ state, sources, sinks: [{ spec, sink }] });
  await run.done;
  expect(numbersOf(got, "a")).toEqual(range(100));
  expect(numbersOf(got, "b")).toEqual(range(100));
  expect(Math.max(...sizes)).toBe(30);
  expect(sizes.length).toBeLessThan(12);
  expect(state.source("test", "small").all().get("a")).toBe(100);
  expect(state.source("test", "large").all().get("b")).toBe(100);
  state.close();
});

test("a batch waits no longer than its age", async () => {
  const { sink, lines: got } = collectingSink();
  const spec = sinkSpec("out", { batch: { events: 1000, bytes: 1e6, age: 20 } });
  const source = {
    async run(ctx: Parameters<ReturnType<typeof lines>["run"]>[0]) {
      await lines(1, 1).run(ctx);
      await new Promise<void>((resolve) => ctx.stop.addEventListener("abort", () => resolve()));
    },
  };
  const run = await start({ finite: false, sources: [{ name: "s", source }], sinks: [{ spec, sink }] });
  await until(() => got.length === 1);
  expect((await run.stop()).ok).toBe(true);
});

test("every sink gets what is for it; a batch is settled when all have it", async () => {
  const state = openTestState();
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const all = collectingSink();
  const some = collectingSink(() => gate);
  const line = (key: string, n: number) =>
    n % 4 === 0 ? `both ${n}` : n % 4 === 1 ? `${key} ${n} drop` : `${key} ${n}`;
  const source = countingSource({ streams: ["a"], lines: 40, perBatch: 10, line });
  const run = await start({
    state,
    programSpec: programSpec({ sinks: "2" }),
    sources: [{ name: "s", source }],
    sinks: [
      { spec: sinkSpec("all"), sink: all.sink },
      { spec: sinkSpec("some"), sink: some.sink },
    ],
  });
  await until(() => all.lines.length === 30);
  expect(state.source("test", "s").all().size).toBe(0);
  open();
  const { snapshot } = await run.done;
  expect(numbersOf(some.lines, "both")).toEqual(range(10).map((n) => n * 4));
  expect(state.source("test", "s").all().get("a")).toBe(40);
  expect(snapshot.ledger).toMatchObject({
    in: 40,
    delivered: 30,
    dropped: { drop: 10 },
    sinks: { all: { delivered: 30 }, some: { delivered: 10 } },
  });
  state.close();
});

test("batches whose events are all dropped still move the position", async () => {
  const state = openTestState();
  const { sink } = collectingSink();
  const source = countingSource({ streams: ["a"], lines: 20, perBatch: 5, line: (key, n) => `${key} ${n} drop` });
  const run = await start({ state, sources: [{ name: "s", source }], sinks: [{ spec: sinkSpec("out"), sink }] });
  const { snapshot } = await run.done;
  expect(snapshot.ledger).toMatchObject({ in: 20, delivered: 0, dropped: { drop: 20 } });
  expect(state.source("test", "s").all().get("a")).toBe(20);
  state.close();
});

test("rejected frames go to the dead letter file with their reason, the rest is delivered", async () => {
  const dir = temporaryDir();
  const previous = process.umask(0);
  const got: string[] = [];
  const sink: Sink = {
    async write(batch) {
      const all = linesOf(batch);
      got.push(...all.filter((line) => !line.endsWith("7")));
      const rejected = all.flatMap((line, frame) => (line.endsWith("7") ? [{ frame, reason: "no sevens" }] : []));
      return Promise.resolve({ rejected });
    },
  };
  const spec = sinkSpec("out", { dead_letter: "dead.ndjson" });
  const run = await start({
    spec: pipelineSpec("test", dir),
    sources: [{ name: "s", source: lines(100, 9) }],
    sinks: [{ spec, sink }],
  });
  const { snapshot, ok } = await run.done;
  process.umask(previous);
  expect(ok).toBe(true);
  const letters = readFileSync(join(dir, "dead.ndjson"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(letters.map((letter) => letter.frame)).toEqual(range(10).map((n) => `a ${n * 10 + 7}\n`));
  expect(letters[0]).toMatchObject({ pipeline: "test", sink: "out", reason: "no sevens" });
  expect(statSync(join(dir, "dead.ndjson")).mode & 0o777).toBe(0o640);
  expect(got.length).toBe(90);
  expect(snapshot.ledger).toMatchObject({ in: 100, delivered: 90, dropped: { dead_letter: 10 } });
});

test("when the attempts are used up, events are counted as lost and the flow goes on", async () => {
  const got: string[] = [];
  const sink: Sink = {
    async write(batch) {
      if (linesOf(batch).includes("a 3")) throw new Error("never");
      got.push(...linesOf(batch));
      return Promise.resolve();
    },
  };
  const spec = sinkSpec("out", {
    batch: { events: 2, bytes: 1e6, age: 0 },
    retry: { initial: 1, max: 2, attempts: 3 },
  });
  const state = openTestState();
  const run = await start({ state, sources: [{ name: "s", source: lines(10, 2) }], sinks: [{ spec, sink }] });
  const { snapshot } = await run.done;
  expect(got.length).toBe(8);
  expect(snapshot.ledger).toMatchObject({ in: 10, delivered: 8, dropped: { delivery_failed: 2 } });
  expect(state.source("test", "s").all().get("a")).toBe(10);
  state.close();
});

for (const policy of ["drop_newest", "drop_oldest"] as const) {
  test(`${policy} keeps the source going and counts what is lost`, async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const { sink, lines: got } = collectingSink(() => gate);
    const spec = sinkSpec("out", {
      batch: { events: 10, bytes: 1e6, age: 0 },
      buffer: { type: "memory", size: 500, when_full: policy },
    });
    const run = await start({ sources: [{ name: "s", source: lines(1000, 10) }], sinks: [{ spec, sink }] });
    await until(() => run.snapshot().sinks[0]?.events === 1000);
    open();
    const { snapshot, ok } = await run.done;
    const lost = snapshot.ledger.dropped["buffer_full"] ?? 0;
    expect(ok).toBe(true);
    expect(lost).toBeGreaterThan(800);
    expect(got.length + lost).toBe(1000);
    expect(got.includes("a 999")).toBe(policy === "drop_oldest");
  });
}

test("a batch's memory is given back only when the sink says that nothing reads it any more", async () => {
  const held: EncodedBatch[] = [];
  let failed = false;
  const sink: Sink = {
    write(batch) {
      held.push(batch);
      if (held.length === 3 && !failed) {
        failed = true;
        return Promise.reject(new Error("refused"));
      }
      return Promise.resolve({ bytesUnused: held.length > 1 });
    },
  };
  const spec = sinkSpec("out", { batch: { events: 1, bytes: 1e6, age: 0 } });
  const run = await start({ sources: [{ name: "s", source: lines(4, 1) }], sinks: [{ spec, sink }] });
  expect((await run.done).ok).toBe(true);
  // The third was refused once: what that attempt began may still be reading it.
  expect(held.map((batch) => batch.bytes.buffer.detached)).toEqual([false, true, false, false, true]);
});
