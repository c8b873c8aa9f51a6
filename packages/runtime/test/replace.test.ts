import { type Sink, SluiceError, type Source, silentLogger } from "@sluice/core";
import { expect, test } from "vitest";
import type { PipelineOptions } from "../src/pipeline-options.ts";
import type { PipelineRun } from "../src/pipeline-run.ts";
import { preparePipeline } from "../src/start-pipeline.ts";
import { compileFake } from "./fake-program.ts";
import {
  collectingSink,
  countingSource,
  emitLines,
  numbersOf,
  openTestState,
  pipelineSpec,
  programSpec,
  range,
  sinkSpec,
  start,
  until,
  workerUrl,
} from "./support.ts";

type Parts = Pick<PipelineOptions, "sources" | "sinks" | "state"> & Partial<PipelineOptions>;

function optionsOf(parts: Parts): PipelineOptions {
  const fixed = { spec: pipelineSpec(), programSpec: programSpec(), compile: compileFake, workerUrl };
  return { ...fixed, workers: 0, log: silentLogger, finite: false, ...parts };
}

/** Emits until it is told to stop, from its position on; without one, from where it was. */
function endless(hasPosition = true): Source & { sent: number; starts: number } {
  const source = {
    sent: 0,
    starts: 0,
    async run(ctx: Parameters<Source["run"]>[0]) {
      source.starts++;
      if (hasPosition) source.sent = Number(ctx.state.all().get("a") ?? 0);
      while (!ctx.stop.aborted) {
        const from = source.sent;
        const lines = range(10).map((n) => `a ${from + n}`);
        source.sent += 10;
        if (hasPosition) await emitLines(ctx, "a", from, lines);
        else {
          const data = new TextEncoder().encode(`${lines.join("\n")}\n`);
          await ctx.emit({
            stream: { id: "a", fields: {} },
            data,
            framing: { kind: "lines", base: from },
            streamKey: "a",
          });
        }
      }
    },
  };
  return source;
}

async function replace(run: PipelineRun, options: PipelineOptions, keep: readonly string[], deadline = 60_000) {
  const prepared = await preparePipeline(options);
  expect(await run.retire(new Set(keep), deadline)).toBe(true);
  await run.resume(prepared);
}

const s = (source: Source) => [{ name: "s", source }];
const out = (sink: Sink) => [{ spec: sinkSpec("out"), sink }];

for (const workers of [0, 2]) {
  test(`a source that is kept runs on through replaced sinks: every line once, in order, workers: ${workers}`, async () => {
    const state = openTestState();
    const source = endless();
    const sinks = range(5).map(() => collectingSink());
    const options = sinks.map(({ sink }) => optionsOf({ state, workers, sources: s(source), sinks: out(sink) }));
    const run = await start(options[0] as PipelineOptions);
    for (const [index, { lines }] of sinks.entries()) {
      if (index > 0) await replace(run, options[index] as PipelineOptions, ["s"]);
      await until(() => lines.length > 100);
    }
    const { ok, snapshot } = await run.stop(60_000);
    expect(ok).toBe(true);
    expect(source.starts).toBe(1);
    expect(
      numbersOf(
        sinks.flatMap(({ lines }) => lines),
        "a",
      ),
    ).toEqual(range(source.sent));
    for (const { calls } of sinks) expect(calls).toEqual(["drain", "close"]);
    expect(snapshot.ledger).toMatchObject({ in: source.sent, delivered: source.sent });
    expect(state.source("test", "s").all().get("a")).toBe(source.sent);
    state.close();
  });
}

test("a source that is not kept ends, and another goes on from its position", async () => {
  const state = openTestState();
  const [first, second] = [endless(), endless()];
  const sink = collectingSink();
  const run = await start(optionsOf({ state, sources: s(first), sinks: out(sink.sink) }));
  await until(() => sink.lines.length > 100);
  await replace(run, optionsOf({ state, sources: s(second), sinks: out(sink.sink) }), []);
  await until(() => second.sent > first.sent + 100);
  await run.stop(60_000);
  expect(numbersOf(sink.lines, "a")).toEqual(range(second.sent));
  state.close();
});

test("what a dead sink holds is read again from a source that can be, which is started anew", async () => {
  const state = openTestState();
  const [first, second] = [endless(), endless()];
  const dead: Sink = { write: () => new Promise(() => {}) };
  const sink = collectingSink();
  const run = await start(optionsOf({ state, sources: s(first), sinks: out(dead) }));
  await until(() => first.sent > 100);
  await replace(run, optionsOf({ state, sources: s(second), sinks: out(sink.sink) }), ["s"], 50);
  await until(() => sink.lines.length > first.sent);
  const { ok, snapshot } = await run.stop(60_000);
  expect([ok, first.starts, second.starts]).toEqual([true, 1, 1]);
  expect(numbersOf(sink.lines, "a")).toEqual(range(second.sent));
  expect(snapshot.ledger).toMatchObject({ in: second.sent, delivered: second.sent, dropped: {} });
  state.close();
});

test("what a dead sink holds of a source that cannot be read again is counted as given up; the source is kept", async () => {
  const state = openTestState();
  const source = endless(false);
  const dead: Sink = { write: () => new Promise(() => {}) };
  const sink = collectingSink();
  const spec = sinkSpec("out", { buffer: { type: "memory", size: 1000, when_full: "block" } });
  const run = await start(optionsOf({ state, sources: s(source), sinks: [{ spec, sink: dead }] }));
  await until(() => run.snapshot().buffered > 50 && run.snapshot().sinks[0]?.openWrites === 1);
  await replace(run, optionsOf({ state, sources: s(source), sinks: out(sink.sink) }), ["s"], 50);
  await until(() => sink.lines.length > 100);
  const { snapshot } = await run.stop(60_000);
  expect(source.starts).toBe(1);
  const { ledger, openBatches, buffered } = snapshot;
  expect(ledger.dropped["given_up"]).toBeGreaterThan(50);
  expect(ledger.in).toBe(ledger.delivered + (ledger.dropped["given_up"] ?? 0));
  expect([openBatches, buffered, ledger.delivered]).toEqual([0, 0, sink.lines.length]);
  // In order, without a gap from the first that came on.
  const numbers = numbersOf(sink.lines, "a");
  expect(numbers).toEqual(range(numbers.length).map((n) => n + (numbers[0] as number)));
  state.close();
});

test("a source that fails at once makes the change fail, and the old one may come back", async () => {
  const state = openTestState();
  const source = endless();
  const sink = collectingSink();
  const before = optionsOf({ state, sources: s(source), sinks: out(sink.sink) });
  const run = await start(before);
  await until(() => sink.lines.length > 100);
  const failing: Source = { run: () => Promise.reject(new SluiceError("SLUICE_SOURCE", "the port is taken")) };
  const wrong = optionsOf({ ...before, sources: [...before.sources, { name: "t", source: failing }] });
  await expect(replace(run, wrong, ["s"])).rejects.toMatchObject({ message: "the port is taken" });
  const known = sink.lines.length;
  await until(() => sink.lines.length > known + 100);
  await replace(run, before, ["s"]);
  await until(() => sink.lines.length > known + 1000);
  const { ok, snapshot } = await run.stop(60_000);
  expect(ok).toBe(true);
  expect(snapshot.sources.map(({ name }) => name)).toEqual(["s"]);
  expect(numbersOf(sink.lines, "a")).toEqual(range(source.sent));
  state.close();
});

test("a stop between two flows ends once the second has drained", async () => {
  const state = openTestState();
  const source = endless();
  const [first, second] = [collectingSink(), collectingSink()];
  const run = await start(optionsOf({ state, sources: s(source), sinks: out(first.sink) }));
  await until(() => first.lines.length > 100);
  const prepared = await preparePipeline(optionsOf({ state, sources: s(source), sinks: out(second.sink) }));
  expect(await run.retire(new Set(["s"]), 60_000)).toBe(true);
  const ended = run.stop(60_000);
  expect(run.snapshot().sinks.map(({ state: is }) => is)).toEqual(["starting"]);
  await run.resume(prepared);
  expect((await ended).ok).toBe(true);
  expect(numbersOf([...first.lines, ...second.lines], "a")).toEqual(range(source.sent));
  state.close();
});

test("a run that has ended, or is to end, is not replaced; one that cannot go on says so", async () => {
  const state = openTestState();
  const sink = collectingSink();
  const source = countingSource({ streams: ["a"], lines: 100, perBatch: 10 });
  const run = await start(optionsOf({ state, finite: true, sources: s(source), sinks: out(sink.sink) }));
  expect((await run.done).ok).toBe(true);
  expect(await run.retire(new Set(["s"]), 60_000)).toBe(false);
  const next = await start(optionsOf({ state, sources: s(endless()), sinks: out(sink.sink) }));
  expect(await next.retire(new Set(["s"]), 60_000)).toBe(true);
  next.abandon(new SluiceError("SLUICE_CONFIG", "cannot go on"));
  expect(await next.done).toMatchObject({ ok: false, error: { message: "cannot go on" } });
  state.close();
});
