import { Buffer } from "node:buffer";
import { formatInstant, type ParsePlan, parseRfc3339 } from "@sluice/core";
import { NOW_ENTRY, TIME_CACHE, TIME_ENTRIES, TIME_ENTRY } from "./emit/layout.ts";

/** Fills the kernel's cache of times with what the step's own reading makes of them. */
export class TimeCache {
  readonly #memory: Buffer<ArrayBuffer>;
  readonly #plan: ParsePlan;
  #now = Number.NaN;

  constructor(memory: Uint8Array<ArrayBuffer>, plan: ParsePlan) {
    this.#memory = Buffer.from(memory.buffer);
    this.#plan = plan;
  }

  /** Sets the time of reading; what was resolved against another one is forgotten if it depended on it. */
  setNow(now: number): void {
    if (now === this.#now) return;
    this.#now = now;
    this.#fill(NOW_ENTRY, formatInstant(now));
    if (this.#plan.timestampNeedsNow === true) {
      this.#memory.fill(0, TIME_CACHE, TIME_CACHE + TIME_ENTRIES * TIME_ENTRY.size);
    }
  }

  /** Resolves the text at `start` into `entry` and returns `entry`; 0 when the line has to go the plain way. */
  resolve(start: number, length: number, entry: number): number {
    const memory = this.#memory;
    const text = memory.toString("utf8", start, start + length);
    const time = this.#plan.timestamp?.(text, this.#now) ?? null;
    if (time === null || !this.#fill(entry, time)) return 0;
    memory.copy(memory, entry + TIME_ENTRY.text, start, start + length);
    memory.writeUInt32LE(length, entry + TIME_ENTRY.textLength);
    return entry;
  }

  #fill(entry: number, time: string): boolean {
    const memory = this.#memory;
    const epoch = epochText(time);
    memory.writeUInt32LE(0, entry + TIME_ENTRY.textLength);
    if (epoch === null || epoch.length > TIME_ENTRY.maxRendered || time.length > TIME_ENTRY.maxRendered) return false;
    memory.writeUInt32LE(memory.write(epoch, entry + TIME_ENTRY.epoch, "latin1"), entry + TIME_ENTRY.epochLength);
    memory.writeUInt32LE(memory.write(time, entry + TIME_ENTRY.json, "latin1"), entry + TIME_ENTRY.jsonLength);
    return true;
  }
}

/** Seconds since the epoch with three decimals, or null when the text is no time or one before 1970. */
function epochText(time: string): string | null {
  const instant = /^[0-9TZ:.+-]+$/.test(time) ? parseRfc3339(time) : null;
  return instant === null || instant.ms < 1 ? null : (instant.ms / 1000).toFixed(3);
}
