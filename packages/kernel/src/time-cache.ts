import { Buffer } from "node:buffer";
import { formatInstant, type ParsePlan, parseRfc3339 } from "@sluice/core";
import { type Clock, ClockReader, findClock } from "./clock.ts";
import { DayEntry } from "./day-entry.ts";
import { NOW_ENTRY, SECONDS_AT, TIME_CACHE, TIME_ENTRIES, TIME_ENTRY } from "./emit/layout.ts";

/** Fills the kernel's cache of times with what the step's own reading makes of them. */
export class TimeCache {
  readonly #memory: Buffer<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #needsNow: boolean;
  readonly #read: (text: string) => string | null;
  readonly #clocks: ClockReader;
  readonly #day = new DayEntry();
  #now = Number.NaN;

  constructor(memory: Uint8Array<ArrayBuffer>, plan: ParsePlan) {
    this.#memory = Buffer.from(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#needsNow = plan.timestampNeedsNow === true;
    this.#read = (text) => plan.timestamp?.(text, this.#now) ?? null;
    this.#clocks = new ClockReader(this.#read);
    this.#words[SECONDS_AT / 4] = 8;
  }

  /** Sets the time of reading; what was resolved against another one is forgotten if it depended on it. */
  setNow(now: number): void {
    if (now === this.#now) return;
    this.#now = now;
    this.#day.forget();
    this.#putOne(NOW_ENTRY, formatInstant(now));
    if (!this.#needsNow) return;
    this.#memory.fill(0, TIME_CACHE, TIME_CACHE + TIME_ENTRIES * TIME_ENTRY.size);
    this.#clocks.forget();
  }

  /** Resolves the text at `start` into `entry` and returns `entry`; 0 when the line has to go the plain way. */
  resolve(start: number, length: number, entry: number): number {
    const memory = this.#memory;
    if (this.#day.derive(memory, start, length, entry)) return entry;
    const text = memory.toString("utf8", start, start + length);
    const clock = findClock(text);
    const isMinute = clock !== null && this.#putMinute(entry, clock);
    const known = isMinute || this.#putOne(entry, this.#read(text));
    memory.copy(memory, entry + TIME_ENTRY.text, start, start + length);
    this.#words[(entry + TIME_ENTRY.textLength) / 4] = known ? length : 0;
    if (isMinute && this.#clocks.isEven(clock)) this.#day.remember(memory, entry, clock);
    return known ? entry : 0;
  }

  /** An entry for one text. */
  #putOne(entry: number, time: string | null): boolean {
    const instant = time !== null && /^[0-9TZ:.+-]+$/.test(time) ? parseRfc3339(time) : null;
    // Encoders have their own ways with times before 1970.
    if (time === null || instant === null || instant.ms < 1 || time.length > TIME_ENTRY.maxJson) return false;
    this.#put(entry, time, Math.floor(instant.ms / 1000), -1, 0);
    this.#memory.write(((instant.ms % 1000) / 1000).toFixed(3).slice(1), entry + TIME_ENTRY.millis, "latin1");
    return true;
  }

  /** An entry for all texts of the same minute. */
  #putMinute(entry: number, clock: Clock): boolean {
    const base = this.#clocks.minuteStart(clock);
    if (base === null || base < 1) return false;
    const fraction = "0".repeat(Math.max(3, clock.fractionDigits));
    const json = `${formatInstant(base * 1000).slice(0, 19)}.${fraction}Z`;
    this.#put(entry, json, base, clock.secondsAt, clock.fractionDigits);
    this.#memory.write(".000", entry + TIME_ENTRY.millis, "latin1");
    this.#words[SECONDS_AT / 4] = clock.secondsAt;
    return true;
  }

  #put(entry: number, json: string, base: number, secondsAt: number, fractionDigits: number): void {
    const words = this.#words;
    const at = entry / 4;
    const seconds = secondsAt < 0 ? 0n : 3n << BigInt(secondsAt);
    const fraction = fractionDigits === 0 ? 0n : ((1n << BigInt(fractionDigits)) - 1n) << BigInt(secondsAt + 3);
    this.#memory.writeBigUInt64LE(seconds | fraction, entry + TIME_ENTRY.ignored);
    words[at + TIME_ENTRY.base / 4] = (base % 2 ** 32) | 0;
    words[at + TIME_ENTRY.base / 4 + 1] = Math.floor(base / 2 ** 32);
    words[at + TIME_ENTRY.secondsAt / 4] = secondsAt;
    words[at + TIME_ENTRY.fractionDigits / 4] = fractionDigits;
    words[at + TIME_ENTRY.jsonLength / 4] = this.#memory.write(json, entry + TIME_ENTRY.json, "latin1");
  }
}
