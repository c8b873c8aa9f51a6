import type { ListedObject } from "@sluice/aws";
import type { SourceState, Value } from "@sluice/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Cursor, Progress, STREAM_KEY } from "../src/cursor.ts";

const LOOKBACK = 100;

/** State as the runtime keeps it: notes at once, the cursor only when the test says that it is settled. */
class Stored implements SourceState {
  readonly lost = false;
  readonly map = new Map<string, Value>();
  all = () => new Map(this.map);
  put = (entries: ReadonlyMap<string, Value>) => {
    for (const [key, value] of entries) this.map.set(key, structuredClone(value));
  };
  remove = (keys: readonly string[]) => {
    for (const key of keys) this.map.delete(key);
  };
  commit = (cursor: Cursor) => this.map.set(STREAM_KEY, structuredClone(cursor) as unknown as Value);
}

const appearance = fc.record({
  key: fc.constantFrom("a", "b", "c", "\u{10000}", "\uff00"),
  late: fc.nat({ max: LOOKBACK }),
  step: fc.nat({ max: 150 }),
});
/** What happens between two objects: others appear, batches settle, sluice is killed, an object is set aside. */
const happening = fc.record({
  appears: fc.array(appearance, { maxLength: 2 }),
  settles: fc.nat({ max: 3 }),
  dies: fc.boolean(),
  setAside: fc.boolean(),
});

/** Runs the loop of the source over a bucket that changes, and counts how often each version of an object was read. */
class Model {
  readonly stored = new Stored();
  readonly objects = new Map<string, ListedObject>();
  readonly settled = new Map<string, number>();
  readonly superseded = new Set<string>();
  #now = 1000;
  #version = 0;
  #open: { readonly cursor: Cursor; readonly read: string | null }[] = [];
  progress = this.#start();

  #start(): Progress {
    return new Progress(this.stored, { lookback: LOOKBACK, passOver: false, now: this.#now });
  }

  appear({ key, late, step }: { key: string; late: number; step: number }): void {
    this.#now += step;
    const old = this.objects.get(key);
    if (old) this.superseded.add(old.etag);
    this.objects.set(key, { key, etag: `v${++this.#version}`, size: 1, modified: this.#now - late });
  }

  /** Deals with the next object of the pass, or ends the pass. True at its end. */
  step(setAside: boolean): boolean {
    const byBytes = (a: ListedObject, b: ListedObject) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));
    const listed = [...this.objects.values()].sort(byBytes);
    const after = Buffer.from(this.progress.cursor.after);
    const next = listed.find(
      (object) => Buffer.compare(Buffer.from(object.key), after) > 0 && this.progress.begin(object),
    );
    if (!next) {
      this.#open.push({ cursor: this.progress.nextPass(this.#now), read: null });
      return true;
    }
    const start = this.progress.begin(next);
    if (setAside && start) this.#open.push({ cursor: this.progress.behind(next, start), read: null });
    else this.#open.push({ cursor: this.progress.behind(next), read: next.etag });
    return false;
  }

  settle(count: number): void {
    for (const { cursor, read } of this.#open.splice(0, count)) {
      if (read) this.settled.set(read, (this.settled.get(read) ?? 0) + 1);
      this.stored.commit(cursor);
    }
    this.progress.prune();
  }

  die(): void {
    this.#open = [];
    this.progress = this.#start();
  }

  /** Reads on without faults until nothing is left. */
  finish(): void {
    for (let quiet = 0; quiet < 3; ) {
      const before = this.settled.size;
      while (!this.step(false));
      this.settle(Infinity);
      quiet = this.settled.size === before ? quiet + 1 : 0;
    }
  }
}

test("whatever appears, settles and dies: each object that stays is read exactly once", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      const model = new Model();
      for (const { appears, settles, dies, setAside } of happenings) {
        for (const it of appears) model.appear(it);
        model.step(setAside);
        model.settle(settles);
        if (dies) model.die();
      }
      model.finish();
      for (const { etag } of model.objects.values()) expect([etag, model.settled.get(etag)]).toEqual([etag, 1]);
      for (const [etag, times] of model.settled) expect([etag, times]).toEqual([etag, 1]);
    }),
    { numRuns: 3000 },
  );
});

test("what is stored is bounded by the lookback, however many objects there were", () => {
  const model = new Model();
  for (let i = 0; i < 500; i++) {
    model.objects.clear();
    for (const key of ["a", "b", "c"]) model.appear({ key: `${key}${i}`, late: 0, step: 10 });
    model.finish();
  }
  expect(model.settled.size).toBe(1500);
  expect(model.stored.map.size).toBeLessThan(LOOKBACK / 10 + 5);
});
