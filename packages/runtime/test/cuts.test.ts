import {
  FLUSH,
  type Framing,
  type JournalledCut,
  type OfferedBatch,
  type Source,
  type SourceBatch,
  type StreamingSink,
} from "@sluice/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Boundaries } from "../src/boundaries.ts";
import { rangeOf } from "../src/origin.ts";
import { countingSource, emitLines, linesOf, openTestState, range, sinkSpec, start } from "./support.ts";

const stream = { id: "s", fields: {} };

type Kind = Framing["kind"] | "stamped";

/** Lines as a batch in any framing, and the position and text of each. */
function batchOf(lines: readonly string[], base: number, kind: Kind): SourceBatch {
  const data = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  const shared = { stream, data, streamKey: "s", position: "end" };
  if (kind === "lines") return { ...shared, framing: { kind, base } };
  const starts = lines.map((_, i) =>
    Buffer.byteLength(
      lines
        .slice(0, i)
        .map((line) => `${line}\n`)
        .join(""),
    ),
  );
  const ends = starts.map((at, i) => at + Buffer.byteLength(lines[i] as string));
  const positions = Float64Array.from(starts, (at) => base + at);
  const extra = Object.fromEntries(lines.map((line, i) => [i, { line }]));
  const records = {
    kind: "records",
    starts: Uint32Array.from(starts),
    ends: Uint32Array.from(ends),
    positions,
  } as const;
  if (kind === "records") return { ...shared, framing: { ...records, extra } };
  const stamps = { texts: new TextEncoder().encode(lines.map(stampOf).join("")), seconds: Float64Array.from(starts) };
  return { ...shared, framing: { ...records, stamps } };
}

/** Something of a stamp's length that tells of the line. */
const stampOf = (line: string): string => Buffer.from(line).toString("hex").padEnd(30, "-").slice(0, 30);

function expectStamp({ stamps, starts, ends }: Extract<Framing, { kind: "records" }>, i: number, line: string): void {
  expect(Buffer.from(stamps?.texts ?? "").toString("latin1", i * 30, (i + 1) * 30)).toBe(stampOf(line));
  expect(stamps?.seconds.length).toBe(starts.length);
  // They are all the lines that there are.
  expect(starts[i]).toBe(i === 0 ? 0 : (ends[i - 1] as number) + 1);
}

function recordsOf({ data, framing }: SourceBatch): [position: number, text: string][] {
  const text = (from: number, to: number) => Buffer.from(data.subarray(from, to)).toString();
  if (framing.kind === "records") {
    return Array.from(framing.starts, (at, i) => {
      const line = text(at, framing.ends[i] as number);
      if (framing.stamps) expectStamp(framing, i, line);
      else expect(framing.extra?.[i]).toEqual({ line });
      return [framing.positions[i] as number, line];
    });
  }
  const found: [number, string][] = [];
  for (let at = 0; at < data.length; at = data.indexOf(10, at) + 1)
    found.push([framing.base + at, text(at, data.indexOf(10, at))]);
  return found;
}

test("a batch read again is divided at the borders of its cuts, wherever these are, and loses nothing", () => {
  const line = fc.string({ maxLength: 6 }).map((text) => text.replaceAll(/[\r\n]/g, "."));
  const cuts = fc.array(fc.integer({ min: 90, max: 200 }), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 20 }),
      cuts,
      fc.constantFrom<Kind>("lines", "records", "stamped"),
      (lines, at, kind) => {
        const borders = [...new Set(at)].sort((a, b) => a - b);
        const journalled: JournalledCut[] = borders.slice(1).map((to, i) => ({
          id: `${i}`,
          source: "x",
          note: null,
          ranges: [{ streamKey: "s", streamId: "s", from: borders[i] as number, to, resume: to }],
        }));
        const whole = batchOf(lines, 100, kind);
        const records = recordsOf(whole);
        const pieces = new Boundaries(journalled).split("x", whole);
        expect(pieces.flatMap(recordsOf)).toEqual(records);
        const cutOf = (position: number) =>
          journalled.findIndex(({ ranges: [r] }) => r && position >= r.from && position < r.to);
        for (const [i, piece] of pieces.entries()) {
          expect(new Set(recordsOf(piece).map(([position]) => cutOf(position))).size).toBe(1);
          const isLast = i === pieces.length - 1;
          // A border where a cut ends says what the source goes on from; one where none ends says nothing.
          if (isLast) expect(piece.position).toBe("end");
          else if (piece.position !== undefined) expect(piece.position).toBeGreaterThanOrEqual(rangeOf(piece)[0]);
        }
      },
    ),
  );
});

/** A streaming sink that stores a cut of each stream whenever it is asked to, or at its end. */
function gatheringSink(store: string[], endsEarly = false): StreamingSink {
  return {
    async run(batches) {
      let gathered: { settle: () => void; lines: string[] }[] = [];
      const finish = () => {
        for (const { settle, lines } of gathered) {
          store.push(...lines);
          settle();
        }
        gathered = [];
      };
      for (let next = await batches.next(); !next.done; next = await batches.next()) {
        if (next.value === FLUSH) finish();
        else gathered.push(take(next.value));
      }
      if (!endsEarly) finish();
    },
  };
}

function take(batch: OfferedBatch) {
  const lines = linesOf(batch);
  batch.release();
  expect(batch.ends.length).toBe(0);
  return { settle: batch.settle, lines };
}

test.each([[0], [2]])("a streaming sink gets each batch with its place in its stream, workers: %i", async (workers) => {
  const places = new Map<string, [from: number, to: number][]>();
  const lines: string[] = [];
  const inner = gatheringSink(lines);
  const sink: StreamingSink = {
    run: (batches, ctx) =>
      inner.run(
        {
          async next() {
            const next = await batches.next();
            if (!next.done && next.value !== FLUSH) {
              const { streamKey, from, to } = next.value.origin;
              places.set(streamKey, [...(places.get(streamKey) ?? []), [from, to]]);
            }
            return next;
          },
        },
        ctx,
      ),
  };
  const source = countingSource({ streams: ["a", "b"], lines: 1000, perBatch: 100 });
  const run = await start({ workers, sources: [{ name: "s", source }], sinks: [{ spec: sinkSpec("out"), sink }] });
  const { ok, snapshot } = await run.done;
  expect({ ok, delivered: snapshot.ledger.delivered, buffered: snapshot.buffered }).toEqual({
    ok: true,
    delivered: 2000,
    buffered: 0,
  });
  expect(lines.toSorted()).toEqual(["a", "b"].flatMap((key) => range(1000).map((n) => `${key} ${n}`)).toSorted());
  expect([...places.values()].map((list) => list.length)).toEqual([10, 10]);
  for (const list of places.values()) for (const [from, to] of list) expect(to).toBeGreaterThan(from);
});

test("what a streaming sink gives back at its end is not counted, and read again", async () => {
  const state = openTestState();
  const source = () => countingSource({ streams: ["a"], lines: 500, perBatch: 50 });
  const once = async (early: boolean) => {
    const lines: string[] = [];
    const sinks = [{ spec: sinkSpec("out"), sink: gatheringSink(lines, early) }];
    const run = await start({ state, sources: [{ name: "s", source: source() }], sinks });
    const { ok, snapshot } = await run.done;
    return { ok, lines: lines.length, in: snapshot.ledger.in, buffered: snapshot.buffered };
  };
  expect(await once(true)).toEqual({ ok: true, lines: 0, in: 0, buffered: 0 });
  expect(await once(false)).toEqual({ ok: true, lines: 500, in: 500, buffered: 0 });
});

test("a source that failed starts again, because the sink finishes what it has gathered", async () => {
  const lines: string[] = [];
  const counting = countingSource({ streams: ["a"], lines: 500, perBatch: 50 });
  let failed = false;
  const source: Source = {
    async run(ctx) {
      if (failed) return counting.run(ctx);
      failed = true;
      await emitLines(ctx, "a", 0, ["a 0", "a 1"]);
      throw new Error("broken");
    },
  };
  const sinks = [{ spec: sinkSpec("out"), sink: gatheringSink(lines) }];
  const run = await start({ sources: [{ name: "s", source }], sinks });
  expect((await run.done).ok).toBe(true);
  expect(lines).toEqual(range(500).map((n) => `a ${n}`));
});

test("a sink that loses what it has gathered ends the pipeline, and no position has moved", async () => {
  const state = openTestState();
  const sink: StreamingSink = {
    async run(batches) {
      await batches.next();
      throw new Error("lost");
    },
  };
  const source = countingSource({ streams: ["a"], lines: 500, perBatch: 50 });
  const run = await start({ state, sources: [{ name: "s", source }], sinks: [{ spec: sinkSpec("out"), sink }] });
  const { ok, error } = await run.done;
  expect({ ok, message: error?.message }).toEqual({ ok: false, message: "the pipeline broke: Error: lost" });
  expect(state.source("test", "s").all().size).toBe(0);
});

test("a cut is forgotten with the last of its positions, and not before", async () => {
  const state = openTestState();
  const journal = () => state.journal("p", "sink");
  const range = (streamKey: string) => ({ streamKey, streamId: streamKey, from: 0, to: 100, resume: 100 });
  const first = journal();
  first.putCut({ id: "c", source: "s", ranges: [range("a"), range("b")], note: { key: "k" } });
  first.committed("s", "a", 100);
  first.committed("s", "b", 99);
  first.committed("other", "b", 100);
  const [noted] = journal().cuts();
  expect(noted).toEqual({ id: "c", source: "s", ranges: [range("a"), range("b")], note: { key: "k" } });
  // What is committed does not come again after a restart, so that nothing waits for it.
  await Promise.resolve();
  state.flush();
  expect(journal().cuts()[0]?.ranges).toEqual([range("b")]);
  first.committed("s", "b", 150);
  state.flush();
  expect(journal().cuts()).toEqual([]);
  first.putCut({
    id: "gone",
    source: "s",
    ranges: [{ streamKey: "pipe", streamId: "pipe", from: 0, to: 1 }],
    note: null,
  });
  expect(journal().cuts()).toEqual([]);
});
