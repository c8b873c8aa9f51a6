import { Buffer } from "node:buffer";
import type { Clock } from "./clock.ts";
import { TIME_ENTRY } from "./emit/layout.ts";

const ZERO = 0x30;
const COLON = 0x3a;
const DAY_SECONDS = 86_400;
/** `YYYY-MM-DDT` */
const CLOCK_IN_JSON = 11;
/** `HH:MM:` */
const SECONDS_IN_CLOCK = 6;

/**
 * The cache's entry for one minute of a day, out of which entries for its other minutes are made without reading the
 * text again: in a quiet log every few lines are of another minute.
 */
export class DayEntry {
  readonly #entry = Buffer.alloc(TIME_ENTRY.size);
  #length = 0;
  #clockAt = 0;
  #fractionDigits = 0;
  /** Seconds since the epoch at which the clock shows midnight. */
  #midnight = 0;
  /** Days since the epoch, in UTC. */
  #date = 0;

  forget(): void {
    this.#length = 0;
  }

  /** Remembers an entry whose day is even: its minutes are as far apart as their clocks are. */
  remember(memory: Buffer, entry: number, clock: Clock): void {
    memory.copy(this.#entry, 0, entry, entry + TIME_ENTRY.size);
    const base = Number(this.#entry.readBigInt64LE(TIME_ENTRY.base));
    this.#length = base % 60 === 0 ? this.#entry.readInt32LE(TIME_ENTRY.textLength) : 0;
    this.#clockAt = clock.secondsAt - SECONDS_IN_CLOCK;
    this.#fractionDigits = clock.fractionDigits;
    this.#midnight = base - clock.minute * 60;
    this.#date = Math.floor(base / DAY_SECONDS);
  }

  /** Fills `entry` for the text at `start`; false when that is not a time of the same form and day. */
  derive(memory: Buffer, start: number, length: number, entry: number): boolean {
    if (length !== this.#length || !this.#isAlike(memory, start)) return false;
    const clock = start + this.#clockAt;
    const [hour, minute, second] = [
      twoDigits(memory, clock),
      twoDigits(memory, clock + 3),
      twoDigits(memory, clock + 6),
    ];
    if (hour > 23 || minute > 59 || second > 59) return false;
    const base = this.#midnight + hour * 3600 + minute * 60;
    if (base < 1 || Math.floor(base / DAY_SECONDS) !== this.#date) return false;
    memory.set(this.#entry, entry);
    memory.copyWithin(entry + TIME_ENTRY.text, start, start + length);
    memory.writeInt32LE((base % 2 ** 32) | 0, entry + TIME_ENTRY.base);
    memory.writeInt32LE(Math.floor(base / 2 ** 32), entry + TIME_ENTRY.base + 4);
    const minutes = (base % DAY_SECONDS) / 60;
    putTwoDigits(memory, entry + TIME_ENTRY.json + CLOCK_IN_JSON, Math.floor(minutes / 60));
    putTwoDigits(memory, entry + TIME_ENTRY.json + CLOCK_IN_JSON + 3, minutes % 60);
    return true;
  }

  /** True when the text differs from the remembered one in digits of clock and fraction only. */
  #isAlike(memory: Buffer, start: number): boolean {
    const fractionAt = this.#clockAt + SECONDS_IN_CLOCK + 3;
    for (let i = 0; i < this.#length; i++) {
      const byte = memory[start + i] as number;
      const known = this.#entry[TIME_ENTRY.text + i] as number;
      const inClock = i >= this.#clockAt && i < this.#clockAt + SECONDS_IN_CLOCK + 2 && known !== COLON;
      const inFraction = i >= fractionAt && i < fractionAt + this.#fractionDigits;
      if (inClock || inFraction ? byte < ZERO || byte > ZERO + 9 : byte !== known) return false;
    }
    return true;
  }
}

function twoDigits(memory: Buffer, at: number): number {
  return ((memory[at] as number) - ZERO) * 10 + (memory[at + 1] as number) - ZERO;
}

function putTwoDigits(memory: Buffer, at: number, value: number): void {
  memory[at] = ZERO + Math.floor(value / 10);
  memory[at + 1] = ZERO + (value % 10);
}
