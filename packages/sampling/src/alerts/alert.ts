import { attemptAll, type Event } from "@sluice/core";
import { compileExpression } from "@sluice/expression";
import type { AlertOptions } from "./options.ts";

/** What is remembered of one alert about one thing. Times in milliseconds since the epoch. */
export type AlertEntry = {
  dataset: string;
  key: string;
  /** Since when the condition holds without the alert having been raised. */
  pendingSince?: number;
  raisedAt?: number;
  /** Since when it could clear, while it is raised. */
  clearSince?: number;
  /** When it cleared last. */
  clearedAt?: number;
  /** Relapses since it was raised that sent nothing. */
  flaps: number;
  /** How often it came back soon after it had cleared. */
  level: number;
};

export type Change = "crossed" | "cleared" | null;

const MOST_LEVEL = 4;
/** An alert that comes back within so many times its hold is one that keeps coming back. */
const SOON = 8;

/** One alert: its conditions, and how an entry changes with each sample. */
export class Alert {
  readonly options: AlertOptions;
  readonly #holds: (event: Event) => boolean;
  readonly #clears: (event: Event) => boolean;
  readonly #hold: number;
  /** Samples do not come to the millisecond: so much earlier counts as in time. */
  readonly #tolerance: number;

  /** @throws ExpressionError when a condition cannot be compiled */
  constructor(options: AlertOptions, interval: number) {
    this.options = options;
    const written = [options.when, options.clear_when].filter((text) => text !== undefined);
    const [holds, clears] = attemptAll(written.map((text) => () => compileExpression(text)));
    this.#holds = holds as (event: Event) => boolean;
    this.#clears = clears ?? ((event) => !this.#holds(event));
    this.#hold = options.keep_firing_for ?? 2 * interval;
    this.#tolerance = interval / 10;
  }

  holds(event: Event): boolean {
    return this.#holds(event);
  }

  /** Takes a sample into an entry. Without an event the thing is gone. */
  update(entry: AlertEntry, event: Event | undefined, now: number): Change {
    if (entry.raisedAt === undefined) return this.#whileQuiet(entry, event !== undefined && this.#holds(event), now);
    return this.#whileRaised(entry, event === undefined || this.#clears(event), now);
  }

  /** Whether nothing needs to be remembered of it. */
  isOver(entry: AlertEntry, now: number): boolean {
    const { pendingSince, raisedAt, clearedAt } = entry;
    if (pendingSince !== undefined || raisedAt !== undefined) return false;
    return clearedAt === undefined || !this.#isSoon(entry, now);
  }

  #whileQuiet(entry: AlertEntry, holds: boolean, now: number): Change {
    if (!holds) {
      delete entry.pendingSince;
      return null;
    }
    entry.pendingSince ??= now;
    if (now - entry.pendingSince < this.options.for - this.#tolerance) return null;
    entry.level = this.#isSoon(entry, now) ? Math.min(entry.level + 1, MOST_LEVEL) : 0;
    entry.raisedAt = now;
    entry.flaps = 0;
    delete entry.pendingSince;
    return "crossed";
  }

  #whileRaised(entry: AlertEntry, clears: boolean, now: number): Change {
    if (!clears) {
      if (entry.clearSince !== undefined) entry.flaps++;
      delete entry.clearSince;
      return null;
    }
    entry.clearSince ??= now;
    return now - entry.clearSince >= this.#holdAt(entry.level) - this.#tolerance ? "cleared" : null;
  }

  /** Forgets that it was raised; to be called once the event is made. */
  settle(entry: AlertEntry, now: number): void {
    entry.clearedAt = now;
    delete entry.raisedAt;
    delete entry.clearSince;
  }

  #isSoon({ clearedAt, level }: AlertEntry, now: number): boolean {
    return clearedAt !== undefined && now - clearedAt < SOON * this.#holdAt(level);
  }

  #holdAt(level: number): number {
    return this.#hold * 2 ** level;
  }
}
