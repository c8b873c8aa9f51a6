import {
  addChanges,
  addTally,
  newTally,
  type ProgramOutput,
  type RememberedEntry,
  type StateChanges,
} from "@sluice/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { batch, compile, events, messages, step, tick } from "./support.ts";

const JOIN = step("multiline", { start: "^\\S", timeout: "1s" });

test("a batch of which a line is held back comes out whole with the next one, or at a tick", async () => {
  const program = await compile(JOIN);
  const first = batch(program, "a\n 1\nb\n 2\n", { id: 1 });
  expect(first).toMatchObject({ held: true, outputs: [null] });
  const second = batch(program, " 3\nc\n", { id: 2, base: 10 });
  expect(second.held).toBe(true);
  expect(second.earlier?.map(({ batch: id, output }) => [id, messages(output)])).toEqual([[1, ["a\n 1", "b\n 2\n 3"]]]);
  expect(second.earlier?.[0]?.output.tally).toMatchObject({ in: 4, kept: 2, dropped: { joined: 2 } });
  expect(tick(program, "time", 10).earlier).toBeUndefined();
  const last = tick(program, "time", 2000);
  expect(last.earlier?.map(({ batch: id, output }) => [id, messages(output)])).toEqual([[2, ["c"]]]);
  // The line that went to batch 1 is dropped in batch 2, as one of its own.
  expect(last.earlier?.[0]?.output.tally).toMatchObject({ in: 2, kept: 1, dropped: { joined: 1 } });
});

test("lines that are read again after they went into a delivered event are left out", async () => {
  const program = await compile(JOIN);
  batch(program, "a\n 1\n", { id: 1 });
  const { earlier } = batch(program, " 2\nb\n", { id: 2, base: 5 });
  const changes = earlier?.[0]?.output.changes as StateChanges;
  // Killed here: batch 1 is stored, batch 2 is not, and is read again.
  const again = await compile(JOIN);
  again.memory?.restore(asState(changes));
  const output = batch(again, " 2\nb\n", { id: 1, base: 5 });
  expect(output.held).toBe(true);
  const end = tick(again, "stop", 0);
  expect(messages(end.earlier?.[0]?.output)).toEqual(["b"]);
  expect(end.earlier?.[0]?.output.tally).toMatchObject({ in: 2, kept: 1, dropped: { joined: 1 } });
});

test("a run that throws leaves nothing behind in what steps remember", async () => {
  const steps = [step("fields", null), step("dedupe", {}), JOIN, step("count", { every: "1h", keep: true })];
  const program = await compile(...steps);
  batch(program, "a\nb\n", { id: 1 });
  expect(() => batch(program, "c\n d\nthrow\n", { id: 2, base: 4 })).toThrow("on purpose");
  program.memory?.rollback();
  const next = await compile(...steps);
  if (program.memory) next.memory?.takeOver(program.memory);
  const output = batch(next, "c\n d\nthrow\n", { id: 2, base: 4, skip: [2] });
  expect(messages(output.earlier?.[0]?.output)).toEqual(["a", "b"]);
  const end = tick(next, "end", 0);
  // The one that went past the steps comes out of order, but it is there, and the others are counted once.
  expect(new Set(messages(end.earlier?.[0]?.output))).toEqual(new Set(["c\n d", "throw"]));
  expect(events(end).map((event) => event["count.events"])).toEqual([3]);
});

/** A model of the runtime: batches are settled in any order, stored in each stream's order, and killed at any moment. */
class Life {
  readonly memories = new Map<string, Map<string, RememberedEntry>>();
  readonly positions = new Map<string, number>();
  readonly tally = newTally();

  store(changes: StateChanges | undefined): void {
    for (const [name, own] of changes ?? []) {
      const memory = this.memories.get(name) ?? new Map<string, RememberedEntry>();
      this.memories.set(name, memory);
      for (const [key, change] of own) {
        const before = memory.get(key)?.value;
        memory.delete(key);
        if (change === null) continue;
        const value = "set" in change ? change.set : ((before as number | undefined) ?? 0) + change.add;
        if (value !== 0) memory.set(key, { value, expires: change.expires });
      }
    }
  }
}

interface Open {
  readonly stream: string;
  readonly end: number;
  output: ProgramOutput | undefined;
}

test("model: through kills at any moment, what was stored is counted once, and every line is in one event", async () => {
  const lines = fc.array(fc.constantFrom("a", " 1", " 2", "b", "c"), { minLength: 3, maxLength: 25 });
  const moves = fc.array(fc.record({ stream: fc.nat(1), lines: fc.integer({ min: 1, max: 6 }), what: fc.nat(9) }), {
    minLength: 5,
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(lines, lines, moves, async (one, two, plan) => {
      const texts: Record<string, string[]> = { x: one, y: two };
      const life = new Life();
      const counted = new Map<string, number>();
      const delivered = new Map<string, string>();
      for (let start = 0; ; ) {
        const done = await live(life, texts, plan.slice(start), { counted, delivered });
        if (done === undefined) break;
        start += done;
      }
      for (const [stream, list] of Object.entries(texts)) {
        const events = [...delivered].filter(([id]) => id.startsWith(`${stream}-`));
        events.sort(([a], [b]) => Number.parseInt(a.slice(2), 16) - Number.parseInt(b.slice(2), 16));
        expect(events.map(([, text]) => text).join("\n")).toBe(list.join("\n"));
      }
      // What was sent and not stored comes again; where time or want of room has parted lines, it may be parted otherwise.
      const sum = [...counted.values()].reduce((total, n) => total + n, 0);
      expect(sum).toBe(delivered.size);
      const { tally } = life;
      const dropped = Object.values(tally.dropped).reduce((total, n) => total + n, 0);
      expect(tally.in).toBe(one.length + two.length);
      expect(tally.in + (tally.made["count"] ?? 0)).toBe(tally.kept + dropped);
    }),
    { numRuns: 150 },
  );
});

/** Runs until it is killed, returning how many moves it made, or to the end. */
async function live(
  life: Life,
  texts: Record<string, string[]>,
  plan: readonly { stream: number; lines: number; what: number }[],
  seen: { counted: Map<string, number>; delivered: Map<string, string> },
): Promise<number | undefined> {
  const program = await compile(JOIN, step("count", { every: "1h", grace: "1000h" }));
  program.memory?.restore(new Map([...life.memories].map(([name, memory]) => [name, new Map(memory)])));
  const open: Open[] = [];
  const byId = new Map<number, Open>();
  const read = new Map(Object.keys(texts).map((stream) => [stream, life.positions.get(stream) ?? 0]));
  let id = 1;
  const note = (item: Open, output: ProgramOutput) => {
    item.output = output;
  };
  const stored = (output: ProgramOutput) => {
    for (const event of events(output)) {
      if (event["event.action"] === "count")
        seen.counted.set(event["event.id"] as string, event["count.events"] as number);
      else seen.delivered.set(event["event.id"] as string, event["message"] as string);
    }
  };
  const take = (item: Open, output: ProgramOutput) => {
    for (const { batch: earlier, output: late } of output.earlier ?? []) note(byId.get(earlier) as Open, late);
    if (!output.held) note(item, output);
  };
  const feed = (stream: string, n: number) => {
    const all = texts[stream] as string[];
    const from = read.get(stream) as number;
    const some = all.slice(from, from + n);
    if (some.length === 0) return;
    read.set(stream, from + some.length);
    const item: Open = { stream, end: from + some.length, output: undefined };
    open.push(item);
    byId.set(id, item);
    const data = new Uint8Array(Buffer.from(some.join("")));
    const ends: number[] = [];
    for (const line of some) ends.push((ends.at(-1) ?? 0) + line.length);
    const framing = {
      kind: "records",
      starts: Uint32Array.from([0, ...ends.slice(0, -1)]),
      ends: Uint32Array.from(ends),
      positions: Float64Array.from(some, (_, i) => from + i),
    } as const;
    take(item, program.run({ stream: { id: stream, fields: {} }, data, framing, now: 0, batch: id++ }));
  };
  /** Stores what is settled: in each stream's order, others do not wait. */
  const settle = () => {
    for (const stream of ["x", "y", "ticks"]) {
      for (;;) {
        const index = open.findIndex((item) => item.stream === stream);
        const item = open[index];
        if (!item?.output) break;
        open.splice(index, 1);
        if (stream !== "ticks") life.positions.set(stream, item.end);
        stored(item.output);
        life.store(item.output.changes);
        addTally(life.tally, item.output.tally);
      }
    }
  };
  const ask = (why: "time" | "end" | "pressure", now: number) => {
    const item: Open = { stream: "ticks", end: 0, output: undefined };
    open.push(item);
    byId.set(id, item);
    const nothing = {
      stream: { id: "", fields: {} },
      data: new Uint8Array(0),
      framing: { kind: "lines", base: 0 },
    } as const;
    take(item, program.run({ ...nothing, now, tick: why, batch: id++ }));
  };
  for (const [index, { stream, lines, what }] of plan.entries()) {
    if (what === 0) return index + 1;
    if (what === 1) settle();
    else if (what === 2) ask("pressure", 0);
    else feed(stream === 0 ? "x" : "y", lines);
  }
  for (const stream of Object.keys(texts)) feed(stream, 1000);
  ask("end", 0);
  settle();
  expect(open).toEqual([]);
  return undefined;
}

test("changes of an entry join as if they had come one by one", () => {
  const first: StateChanges = new Map([["m", new Map([["k", { add: 2, expires: 1 }]])]]);
  addChanges(first, new Map([["m", new Map([["k", { add: 3, expires: 2 }]])]]));
  expect(first.get("m")?.get("k")).toEqual({ add: 5, expires: 2 });
  addChanges(first, new Map([["m", new Map([["k", null]])]]));
  addChanges(first, new Map([["m", new Map([["k", { add: 3, expires: 2 }]])]]));
  expect(first.get("m")?.get("k")).toEqual({ set: 3, expires: 2 });
});

function asState(changes: StateChanges): Map<string, Map<string, RememberedEntry>> {
  const life = new Life();
  life.store(changes);
  return life.memories;
}
