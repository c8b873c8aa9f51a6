import { parseRfc3339, STAMP_BYTES } from "@sluice/core";
import { isTime } from "../time.ts";

/** Docker pads the fraction. */
const STAMP_LENGTH = STAMP_BYTES;
const MINUTE_LENGTH = 16;
/** A time with a zone other than UTC, as the journald driver may write it. */
const LONGEST_STAMP = 35;
const ZERO = 48;
const SPACE = 32;
const COLON = 58;
const POINT = 46;

/** Reads the times that Docker puts before each message. Busy logs have many in a minute, so that is remembered. */
export class StampReader {
  sec = 0;
  nanos = 0;
  /** Whether the stamp was of the usual form, `STAMP_BYTES` long. */
  isUsual = true;
  #minute = Buffer.alloc(MINUTE_LENGTH);
  #minuteSec = Number.NaN;

  /** Reads the stamp at `at` into `sec` and `nanos`. Where the text behind it begins, or -1 when there is no stamp. */
  read(bytes: Buffer, at: number, end: number): number {
    const last = at + STAMP_LENGTH - 1;
    if (
      last < end &&
      bytes[last] === 90 &&
      (last + 1 === end || bytes[last + 1] === SPACE) &&
      this.#readUtc(bytes, at)
    ) {
      this.isUsual = true;
      return Math.min(last + 2, end);
    }
    this.isUsual = false;
    return this.#readSlowly(bytes, at, end);
  }

  #readUtc(bytes: Buffer, at: number): boolean {
    if (!this.#isSameMinute(bytes, at) && !this.#readMinute(bytes, at)) return false;
    const seconds = digits(bytes, at + 17, 2);
    const nanos = digits(bytes, at + 20, 9);
    if (seconds < 0 || seconds > 60 || nanos < 0 || bytes[at + 16] !== COLON || bytes[at + 19] !== POINT) return false;
    this.sec = this.#minuteSec + seconds;
    this.nanos = nanos;
    return true;
  }

  #isSameMinute(bytes: Buffer, at: number): boolean {
    for (let i = MINUTE_LENGTH - 1; i >= 0; i--) if (bytes[at + i] !== this.#minute[i]) return false;
    return true;
  }

  #readMinute(bytes: Buffer, at: number): boolean {
    const instant = parseRfc3339(bytes.toString("latin1", at, at + STAMP_LENGTH));
    if (!instant) return false;
    bytes.copy(this.#minute, 0, at, at + MINUTE_LENGTH);
    this.#minuteSec = Math.floor(instant.ms / 60_000) * 60;
    return true;
  }

  #readSlowly(bytes: Buffer, at: number, end: number): number {
    const space = bytes.subarray(at, Math.min(end, at + LONGEST_STAMP + 1)).indexOf(SPACE);
    const stop = space < 0 ? end : at + space;
    if (stop - at > LONGEST_STAMP) return -1;
    const instant = parseRfc3339(bytes.toString("latin1", at, stop));
    if (!instant) return -1;
    const sec = Math.floor(instant.ms / 1000);
    const nanos = (instant.ms - sec * 1000) * 1e6 + instant.ns;
    // With its zone, a time may fall out of the years that can be written.
    if (!isTime({ sec, nanos })) return -1;
    this.sec = sec;
    this.nanos = nanos;
    return Math.min(stop + 1, end);
  }
}

function digits(bytes: Buffer, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = (bytes[i] as number) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}
