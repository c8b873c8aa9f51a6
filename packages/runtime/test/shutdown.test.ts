import { type Sink, SluiceError, type Source, type Value } from "@sluice/core";
import { expect, test } from "vitest";
import {
  collectingSink,
  countingSource,
  emitLines,
  numbersOf,
  openTestState,
  range,
  sinkSpec,
  start,
  until,
} from "./support.ts";

/** Emits until it is told to stop. */
function endless(): Source & { sent: () => number } {
  let sent = 0;
  return {
    sent: () => sent,
    async run(ctx) {
      while (!ctx.stop.aborted) {
        const lines = Array.from({ length: 10 }, (_, i) => `a ${sent + i}`);
        sent += 10;
        await emitLines(ctx, "a", sent - 10, lines);
      }
    },
  };
}

/** What keeps the process alive now and did not before. */
function leftSince(before: readonly string[]): string[] {
  const known = [...before];
  return process.getActiveResourcesInfo().filter((name) => {
    const index = known.indexOf(name);
    if (index >= 0) known.splice(index, 1);
    return index < 0;
  });
}

for (const workers of [0, 2]) {
  test(`stop drains everything that was emitted and leaves nothing behind, workers: ${workers}`, async () => {
    const before = process.getActiveResourcesInfo();
    const state = openTestState();
    const source = endless();
    const { sink, lines, calls } = collectingSink();
    const run = await start({
      workers,
      state,
      finite: false,
      sources: [{ name: "s", source }],
      sinks: [{ spec: sinkSpec("out"), sink }],
    });
    await until(() => lines.length > 500);
    const result = await run.stop(30_000);
    expect(result.ok).toBe(true);
    expect(numbersOf(lines, "a")).toEqual(range(source.sent()));
    expect(calls).toEqual(["drain", "close"]);
    expect(state.source("test", "s").all().get("a")).toBe(source.sent());
    expect(state.ledger("test")).toMatchObject({ in: source.sent(), delivered: source.sent() });
    state.close();
    await until(() => leftSince(before).length === 0);
  });
}

test("the deadline gives up what a sink never confirms; positions stay behind it", async () => {
  const state = openTestState();
  let writes = 0;
  let aborted = false;
  const calls: string[] = [];
  const sink: Sink = {
    write(_, signal) {
      signal.addEventListener("abort", () => (aborted = true));
      return ++writes <= 3 ? Promise.resolve() : new Promise(() => {});
    },
    drain: () => new Promise(() => {}),
    close: () => Promise.resolve(void calls.push("close")),
  };
  const spec = sinkSpec("out", { batch: { events: 10, bytes: 1e6, age: 0 } });
  const run = await start({
    state,
    finite: false,
    sources: [{ name: "s", source: endless() }],
    sinks: [{ spec, sink }],
  });
  await until(() => writes > 3);
  const { ok, error, snapshot } = await run.stop(50);
  expect(ok).toBe(false);
  expect(error).toBeInstanceOf(SluiceError);
  expect(error?.code).toBe("SLUICE_DEADLINE");
  expect(snapshot.ledger.delivered).toBe(30);
  expect(snapshot.openBatches).toBeGreaterThan(0);
  expect(snapshot.buffered).toBeGreaterThan(0);
  expect(aborted).toBe(true);
  expect(calls).toEqual(["close"]);
  expect(state.source("test", "s").all().get("a")).toBe(30);
  state.close();
});

test("a deadline may also be a signal, and come after stop", async () => {
  const sink: Sink = { write: () => new Promise(() => {}), close: () => new Promise(() => {}) };
  const run = await start({
    finite: false,
    sources: [{ name: "s", source: endless() }],
    sinks: [{ spec: sinkSpec("out"), sink }],
  });
  const deadline = new AbortController();
  const stopping = run.stop(deadline.signal);
  void run.stop();
  deadline.abort();
  expect((await stopping).error?.code).toBe("SLUICE_DEADLINE");
});

test("drain is called once the last write is open, and again after a write had to be repeated", async () => {
  const calls: string[] = [];
  let confirm: ((ok: boolean) => void) | undefined;
  const sink: Sink = {
    write() {
      calls.push("write");
      return new Promise((resolve, reject) => {
        confirm = (ok) => (ok ? resolve() : reject(new Error("not confirmed")));
      });
    },
    drain() {
      calls.push("drain");
      confirm?.(calls.length > 3);
      return Promise.resolve();
    },
  };
  const source = countingSource({ streams: ["a"], lines: 5, perBatch: 5 });
  const run = await start({
    sources: [{ name: "s", source }],
    sinks: [{ spec: sinkSpec("out"), sink, overlapping: true }],
  });
  expect((await run.done).ok).toBe(true);
  expect(calls).toEqual(["write", "drain", "write", "drain"]);
});

test("a sink that cannot start is tried again; nothing is lost meanwhile", async () => {
  const { sink, lines } = collectingSink();
  let starts = 0;
  const late: Sink = {
    ...sink,
    start: () => (++starts < 4 ? Promise.reject(new Error("refused")) : Promise.resolve()),
  };
  const source = countingSource({ streams: ["a"], lines: 50, perBatch: 5 });
  const run = await start({ sources: [{ name: "s", source }], sinks: [{ spec: sinkSpec("out"), sink: late }] });
  await run.done;
  expect(starts).toBe(4);
  expect(lines.length).toBe(50);
});

test("a source that fails is started again where it was, the others do not notice", async () => {
  const state = openTestState();
  const { sink, lines } = collectingSink();
  let failures = 0;
  const failing: Source = {
    async run(ctx) {
      let at = Number(ctx.state.all().get("a") ?? 0);
      for (; at < 10; at++) {
        await emitLines(ctx, "a", at, [`a ${at}`]);
        if (at === 5 && failures++ === 0) throw new Error("the disk is gone");
      }
    },
  };
  const run = await start({
    state,
    sources: [
      { name: "failing", source: failing },
      { name: "other", source: countingSource({ streams: ["b"], lines: 100, perBatch: 1 }) },
    ],
    sinks: [{ spec: sinkSpec("out"), sink }],
  });
  const { ok, snapshot } = await run.done;
  expect(ok).toBe(true);
  expect(numbersOf(lines, "a")).toEqual(range(10));
  expect(numbersOf(lines, "b")).toEqual(range(100));
  expect(snapshot.sources[0]).toMatchObject({ restarts: 1, lastError: "the disk is gone" });
  state.close();
});

test("a source may have notes and forget streams; emit tells how much is in flight", async () => {
  const state = openTestState();
  const { sink } = collectingSink();
  const source: Source = {
    async run(ctx) {
      ctx.state.put(
        new Map<string, Value>([
          ["found", { inode: 7 }],
          ["gone", 1],
        ]),
      );
      ctx.state.remove(["gone"]);
      expect(ctx.inFlight("a")).toBe(0);
      await emitLines(ctx, "a", 0, ["a 0"]);
      await until(() => ctx.inFlight("a") === 0);
      expect(ctx.state.all()).toEqual(
        new Map<string, Value>([
          ["found", { inode: 7 }],
          ["a", 1],
        ]),
      );
    },
  };
  const run = await start({ state, sources: [{ name: "s", source }], sinks: [{ spec: sinkSpec("out"), sink }] });
  expect((await run.done).ok).toBe(true);
  state.close();
});
