/** A text with `HH:MM:SS` in it, and perhaps 3, 6 or 9 digits of a fraction behind. */
const CLOCK = /^([!-~ ]*?[T :])([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:([.,])(\d{3}|\d{6}|\d{9}))?(?!\d)([ -~]*)$/;
/** Days that are remembered; logs are read in order. */
const MAX_DAYS = 64;
const DAY_END = 86_399;

/** A time text taken apart. */
export interface Clock {
  /** What is before and behind the clock, and stays the same for a day. */
  readonly before: string;
  readonly after: string;
  /** Minute of the day. */
  readonly minute: number;
  /** Point or comma before the fraction; empty without one. */
  readonly separator: string;
  readonly fractionDigits: number;
  /** Offset of the seconds in the text. */
  readonly secondsAt: number;
}

/** Finds the clock in a time text; null when it has none of this form. */
export function findClock(text: string): Clock | null {
  const found = CLOCK.exec(text);
  if (found === null) return null;
  const [, before = "", hour, minute, , separator = "", fraction = "", after = ""] = found;
  return {
    before,
    after,
    minute: Number(hour) * 60 + Number(minute),
    separator,
    fractionDigits: fraction.length,
    secondsAt: before.length + 6,
  };
}

/**
 * Knows times by their minute, so that the step's own reading is asked a few times a day instead of for each text. It
 * asks for both ends of a day and for times between, with fractions of all kinds; only where all are as far apart as
 * their clocks are, the rest of the day is computed. Days in which the offset changes are asked about by minute.
 */
export class ClockReader {
  readonly #read: (text: string) => string | null;
  readonly #days = new Map<string, number | null>();

  constructor(read: (text: string) => string | null) {
    this.#read = read;
  }

  /** Forgets what it knows, because the reading depends on something that has changed. */
  forget(): void {
    this.#days.clear();
  }

  /** Seconds since the epoch at which the clock's minute starts, or null when its seconds cannot be computed. */
  minuteStart(clock: Clock): number | null {
    const key = keyOf(clock);
    let day = this.#days.get(key);
    if (day === undefined) {
      if (this.#days.size >= MAX_DAYS) this.#days.clear();
      day = this.#start(clock, 0, [3_599, 7_200, 21_600, 45_296, 64_800, DAY_END]);
      this.#days.set(key, day);
    }
    if (day !== null) return day + clock.minute * 60;
    return this.#start(clock, clock.minute * 60, [1, 30, 59]);
  }

  /** Whether all minutes of the clock's day are known to be as far apart as their clocks are. */
  isEven(clock: Clock): boolean {
    return typeof this.#days.get(keyOf(clock)) === "number";
  }

  /** When the second `from` of the clock's day is, if the seconds `further` on are as much later. */
  #start(clock: Clock, from: number, further: readonly number[]): number | null {
    const first = this.#read(textAt(clock, from, "000000000"));
    if (first === null || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/.test(first)) return null;
    const start = Date.parse(first) / 1000;
    const fractions = clock.fractionDigits === 0 ? ["000000000"] : ["999999999", "123000000", "120450000", "001002003"];
    const isEven = further.every((seconds, i) => {
      const fraction = fractions[i % fractions.length] as string;
      return this.#read(textAt(clock, from + seconds, fraction)) === expected(clock, start + seconds, fraction);
    });
    return isEven ? start : null;
  }
}

function keyOf({ before, separator, fractionDigits, after }: Clock): string {
  return `${before}\n${separator}${fractionDigits}\n${after}`;
}

function textAt({ before, after, separator, fractionDigits }: Clock, second: number, fraction: string): string {
  const clock = new Date(second * 1000).toISOString().slice(11, 19);
  return `${before}${clock}${separator}${fraction.slice(0, fractionDigits)}${after}`;
}

/** The time as the kernel writes it: a fraction without groups of three zeros at its end, but the first group. */
function expected({ fractionDigits }: Clock, seconds: number, fraction: string): string {
  const digits = fraction.slice(0, fractionDigits).padEnd(3, "0");
  const shortened = digits.replace(/^(\d{3}(?:\d{3})*?)(?:000)*$/, "$1");
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${shortened}Z`;
}
