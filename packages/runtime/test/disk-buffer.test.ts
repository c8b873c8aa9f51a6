import { appendFileSync, globSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Sink, SinkSpec } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { total } from "../src/state/ledger.ts";
import { openState } from "../src/state/state.ts";
import {
  collectingSink,
  countingSource,
  numbersOf,
  programSpec,
  range,
  sinkSpec,
  start,
  temporaryDir,
  until,
} from "./support.ts";

const MIB = 1024 * 1024;

function disk(name: string, changes: Partial<SinkSpec["buffer"]> = {}): SinkSpec {
  return sinkSpec(name, { buffer: { type: "disk", size: 4 * MIB, when_full: "block", ...changes } });
}

/** A far end that is away. */
const dead: Sink = { write: () => Promise.reject(new Error("away")) };
/** A line of about a hundred bytes, so that megabytes come together. */
const long = (key: string, n: number) => `${key} ${n}`.padEnd(100, " ");

function filesOf(dir: string): string[] {
  return globSync(join(dir, "state/buffers/**/*.seg")).sort();
}

/** Fills the buffer of a dead sink, beside a sink that works, and ends the run. */
async function fill(dir: string, lines: number, changes: Partial<SinkSpec["buffer"]> = {}) {
  const state = openState(join(dir, "state"));
  const other = collectingSink();
  const run = await start({
    state,
    programSpec: programSpec({ sinks: "2" }),
    sources: [{ name: "s", source: countingSource({ streams: ["both"], lines, perBatch: 100, line: long }) }],
    sinks: [
      { spec: disk("away", changes), sink: dead },
      { spec: sinkSpec("other"), sink: other.sink },
    ],
  });
  await until(() => other.lines.length === lines && run.snapshot().ledger.in === lines);
  const result = await run.stop(10_000);
  state.close();
  return { result, other };
}

/** The same pipeline with a far end that is back. */
async function empty(dir: string, lines: number, changes: Partial<SinkSpec["buffer"]> = {}) {
  const state = openState(join(dir, "state"));
  const back = collectingSink();
  const run = await start({
    state,
    programSpec: programSpec({ sinks: "2" }),
    sources: [{ name: "s", source: countingSource({ streams: ["both"], lines, perBatch: 100, line: long }) }],
    sinks: [
      { spec: disk("away", changes), sink: back.sink },
      { spec: sinkSpec("other"), sink: collectingSink().sink },
    ],
  });
  const result = await run.done;
  state.close();
  return { result, lines: back.lines.map((line) => line.trimEnd()) };
}

test.each(["none", "zstd"] as const)(
  "a dead sink does not stop the other, and gets everything later (%s)",
  async (compression) => {
    const dir = temporaryDir();
    const { result } = await fill(dir, 5000, { compression });
    expect(result).toMatchObject({ ok: true, error: undefined, snapshot: { buffered: 0 } });
    expect(result.snapshot.total).toMatchObject({ in: 5000, delivered: 0, buffered: 5000 });
    expect(statSync(filesOf(dir)[0] as string).mode & 0o777).toBe(0o640);

    const later = await empty(dir, 6000, { compression });
    expect(numbersOf(later.lines, "both")).toEqual(range(6000));
    expect(later.result.snapshot.total).toMatchObject({ in: 6000, delivered: 6000, buffered: 0 });
    expect(later.result.snapshot.ledger).toMatchObject({ in: 1000, delivered: 6000, buffered: -5000 });
  },
);

test("space comes free: many times the buffer goes through it", { timeout: 300_000 }, async () => {
  const dir = temporaryDir();
  const { result, lines } = await empty(dir, 50_000, { size: MIB });
  expect(numbersOf(lines, "both")).toEqual(range(50_000));
  expect(result.snapshot.total).toMatchObject({ delivered: 50_000, buffered: 0 });
  const left = filesOf(dir).reduce((sum, file) => sum + statSync(file).size, 0);
  expect(left).toBeLessThan(MIB);
});

describe("a full buffer", { timeout: 300_000 }, () => {
  const LINES = 40_000;

  test("block: the source waits, nothing is lost", async () => {
    const dir = temporaryDir();
    const state = openState(join(dir, "state"));
    const run = await start({
      state,
      sources: [{ name: "s", source: countingSource({ streams: ["both"], lines: LINES, perBatch: 100, line: long }) }],
      sinks: [{ spec: disk("away", { size: MIB }), sink: dead }],
    });
    await until(() => (run.snapshot().sinks[0]?.buffer?.bytes ?? 0) > 0.9 * MIB);
    const result = await run.stop(10_000);
    state.close();
    const onDisk = filesOf(dir).reduce((sum, file) => sum + statSync(file).size, 0);
    expect(onDisk).toBeLessThanOrEqual(1.1 * MIB);
    expect(result.snapshot.total.in).toBeLessThan(LINES);
    const later = await empty(dir, LINES, { size: MIB });
    expect(numbersOf(later.lines, "both")).toEqual(range(LINES));
  });

  test.each(["drop_oldest", "drop_newest"] as const)(
    "%s: the source goes on, and each lost event is counted",
    async (policy) => {
      const dir = temporaryDir();
      const changes = { size: MIB, when_full: policy };
      const { result } = await fill(dir, LINES, changes);
      const dropped = result.snapshot.total.dropped["buffer_full"] ?? 0;
      expect(dropped).toBeGreaterThan(LINES / 2);
      expect(result.snapshot.total.buffered).toBe(LINES - dropped);
      const later = await empty(dir, LINES, changes);
      const arrived = numbersOf(later.lines, "both");
      expect(arrived).toHaveLength(LINES - dropped);
      expect(arrived).toContain(policy === "drop_oldest" ? LINES - 1 : 0);
      expect(later.result.snapshot.total).toMatchObject({ in: LINES, delivered: LINES - dropped, buffered: 0 });
    },
  );
});

/** Starts a sluice whose far end is still away, lets it read the whole buffer, and ends it. */
async function tryInVain(dir: string, lines: number) {
  const state = openState(join(dir, "state"));
  const run = await start({
    state,
    programSpec: programSpec({ sinks: "2" }),
    sources: [{ name: "s", source: countingSource({ streams: ["both"], lines, perBatch: 100, line: long }) }],
    sinks: [
      { spec: disk("away"), sink: dead },
      { spec: sinkSpec("other"), sink: collectingSink().sink },
    ],
  });
  await until(() => (run.snapshot().sinks[0]?.inFlightBytes ?? 0) > lines * 100);
  await run.stop(10_000);
  state.close();
}

describe("a file without a record, as a death between its making and the first write leaves it", () => {
  // The records before it were delivered and forgotten, so that the numbers begin anew, below its own.
  function dirWithEmptyFile(): string {
    const dir = temporaryDir();
    const buffer = join(dir, "state/buffers/test/away");
    mkdirSync(buffer, { recursive: true });
    writeFileSync(join(buffer, "0000000000000015.seg"), "");
    return dir;
  }

  test("the books agree", async () => {
    const dir = dirWithEmptyFile();
    await fill(dir, 5000);
    const { result, lines } = await empty(dir, 5000);
    expect(numbersOf(lines, "both")).toEqual(range(5000));
    expect(result.snapshot.total).toMatchObject({ in: 5000, delivered: 5000, buffered: 0 });
  });

  test("nothing is lost when sluice ends once more before the far end is back", async () => {
    const dir = dirWithEmptyFile();
    await fill(dir, 5000);
    await tryInVain(dir, 5000);
    const { result, lines } = await empty(dir, 5000);
    expect(numbersOf(lines, "both")).toEqual(range(5000));
    expect(result.snapshot.total).toMatchObject({ in: 5000, delivered: 5000, buffered: 0 });
  });
});

describe("damage", () => {
  test("garbage at the end, as a death in the midst of a write leaves it, is cut off", async () => {
    const dir = temporaryDir();
    await fill(dir, 3000);
    appendFileSync(filesOf(dir).at(-1) as string, "SLB1 half a record");
    const later = await empty(dir, 3000);
    expect(numbersOf(later.lines, "both")).toEqual(range(3000));
  });

  test.each([0, 0.5, 0.99])(
    "a record that is cut off or flipped at %f of the file is lost with what follows, and counted",
    async (part) => {
      for (const harm of ["cut", "flip"] as const) {
        const dir = temporaryDir();
        await fill(dir, 3000);
        const file = filesOf(dir)[0] as string;
        const at = Math.floor(statSync(file).size * part);
        if (harm === "cut") truncateSync(file, at);
        else {
          const bytes = readFileSync(file);
          bytes[at] = (bytes[at] as number) ^ 0xff;
          writeFileSync(file, bytes);
        }
        const { result, lines } = await empty(dir, 3000);
        const lost = result.snapshot.total.dropped["buffer_lost"] ?? 0;
        expect(lost).toBeGreaterThan(0);
        expect(lines).toHaveLength(3000 - lost);
        expect(result.snapshot.total).toMatchObject({ in: 3000, buffered: 0, delivered: 3000 - lost });
      }
    },
  );

  test("all files deleted", async () => {
    const dir = temporaryDir();
    await fill(dir, 3000);
    for (const file of filesOf(dir)) truncateSync(file, 0);
    const { result } = await empty(dir, 3000);
    expect(total(result.snapshot.total.dropped)).toBe(3000);
    expect(result.snapshot.total.buffered).toBe(0);
  });
});
