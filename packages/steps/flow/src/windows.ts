import { Memory, type Tick } from "@sluice/core";
import type { Spans } from "./span.ts";

/** Stands for all keys that found no room. */
const OTHER = '["(other)"]';
/** How long counts are kept for a window that nobody reports, e.g. because the step is gone. */
const KEEP_MS = 30 * 86_400_000;

interface Window {
  readonly keys: Set<string>;
  /** It was over when its first event came: it waits for more of them until none comes any more. */
  readonly isLate: boolean;
  /** An event came since the last tick. */
  dirty: boolean;
  /** Time of the tick that first saw no new event. */
  quietSince: number;
}

/** What was counted in a window. */
export interface Closed {
  readonly start: number;
  readonly end: number;
  /** 1 for the first report of the window, 2 for what came after it, … */
  readonly nth: number;
  /** Names and numbers by key. */
  readonly counts: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

export interface WindowOptions {
  readonly spans: Spans;
  /** Milliseconds that a window waits for events that come late. */
  readonly grace: number;
  /** What is counted of each key. */
  readonly names: readonly string[];
  /** Keys, over all windows. */
  readonly maxKeys: number;
}

/**
 * Counts by key in windows of the events' own time, so that reading something again counts it into the same window. A
 * window is closed when an event of a later time has come, or when it is over by the clock and no event came for a while.
 * What comes after that opens it again until no more comes: the sum over all reports is exact.
 */
export class Windows {
  readonly memories = { counts: new Memory<number>(), reports: new Memory<number>({ max: 1000 }) };
  readonly #options: WindowOptions;
  #index: Map<number, Window> | undefined;
  #latest = Number.NEGATIVE_INFINITY;

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  /** Counts. Returns windows that had to be closed for want of room. */
  add(time: number, key: string, names: readonly string[], now: number): Closed[] {
    const { spans, maxKeys, grace } = this.#options;
    const start = spans.startOf(time);
    const closed: Closed[] = [];
    const index = this.#windows();
    let window = index.get(start);
    if (!window) {
      while (this.memories.counts.size >= maxKeys && index.size > 0)
        closed.push(this.#close(Math.min(...index.keys())));
      const isLate = spans.endOf(start) + grace <= this.#latest;
      index.set(start, (window = { keys: new Set(), isLate, dirty: true, quietSince: 0 }));
    }
    const own = window.keys.has(key) || this.memories.counts.size < maxKeys ? key : OTHER;
    window.keys.add(own);
    window.dirty = true;
    for (const name of names) this.memories.counts.add(entry(start, name, own), 1, Math.max(time, now) + KEEP_MS);
    this.observe(time, now);
    return closed;
  }

  /** Learns how late it is from an event; a time in the future is no clock. */
  observe(time: number, now: number): void {
    this.#latest = Math.max(this.#latest, Math.min(time, now));
  }

  /** Closes what is over by the time of the latest event. */
  passed(): Closed[] {
    const { spans, grace } = this.#options;
    const before = this.#latest - grace;
    const over: number[] = [];
    for (const [start, { isLate }] of this.#windows()) {
      if (!isLate && start < before && spans.endOf(start) <= before) over.push(start);
    }
    return over.sort((a, b) => a - b).map((start) => this.#close(start));
  }

  /** Closes what is due at a tick. */
  due(now: number, why: Tick): Closed[] {
    if (why === "stop" || why === "pressure") return [];
    const { spans, grace } = this.#options;
    const closed = this.passed();
    for (const [start, window] of [...this.#windows()].sort(([a], [b]) => a - b)) {
      if (window.dirty) {
        window.dirty = false;
        window.quietSince = now;
      }
      const isOver = spans.endOf(start) + grace <= now && now - window.quietSince >= grace;
      if (isOver || why === "end") closed.push(this.#close(start));
    }
    return closed;
  }

  #close(start: number): Closed {
    const { counts, reports } = this.memories;
    const counted = new Map<string, Record<string, number>>();
    const expires = start + this.#options.spans.size + KEEP_MS;
    for (const key of this.#windows().get(start)?.keys ?? []) {
      const values: Record<string, number> = {};
      for (const name of this.#options.names) {
        const n = counts.get(entry(start, name, key)) ?? 0;
        // Below zero is what was reported and will be read again.
        if (n <= 0) continue;
        values[name] = n;
        counts.add(entry(start, name, key), -n, expires);
      }
      if (Object.keys(values).length > 0) counted.set(key, values);
    }
    this.#windows().delete(start);
    const nth = (reports.get(String(start)) ?? 0) + 1;
    if (counted.size > 0) reports.set(String(start), nth, expires);
    return { start, end: this.#options.spans.endOf(start), nth, counts: counted };
  }

  /** The windows with counts; found again after a restart. */
  #windows(): Map<number, Window> {
    if (this.#index) return this.#index;
    this.#index = new Map();
    for (const [text, n] of this.memories.counts.entries()) {
      if (n <= 0) continue;
      const { start, key } = placeOf(text);
      const window = this.#index.get(start) ?? { keys: new Set<string>(), isLate: false, dirty: true, quietSince: 0 };
      window.keys.add(key);
      this.#index.set(start, window);
    }
    return this.#index;
  }
}

function entry(start: number, name: string, key: string): string {
  return `${start} ${name} ${key}`;
}

function placeOf(text: string): { start: number; key: string } {
  const first = text.indexOf(" ");
  return { start: Number(text.slice(0, first)), key: text.slice(text.indexOf(" ", first + 1) + 1) };
}
