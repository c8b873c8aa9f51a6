import type { Random } from "./random.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const pad2 = (n: number): string => String(n).padStart(2, "0");

/** Time as a log's writer sees it: it only goes forward, by random steps. */
export class Clock {
  #micros: number;

  constructor(start: Date) {
    this.#micros = start.getTime() * 1000;
  }

  /** Goes on by up to twice `meanMicros`. */
  advance(random: Random, meanMicros: number): void {
    this.#micros += random.below(2 * meanMicros) + 1;
  }

  /** Whole seconds since the epoch. */
  get second(): number {
    return Math.floor(this.#micros / 1e6);
  }

  /** Microseconds within the second. */
  get micros(): number {
    return this.#micros % 1e6;
  }
}

/** Formats seconds since the epoch; remembers the last, as most lines share their second with the one before. */
export function cachedFormat(format: (date: Date) => string): (second: number) => string {
  let lastSecond = Number.NaN;
  let lastText = "";
  return (second) => {
    if (second !== lastSecond) {
      lastSecond = second;
      lastText = format(new Date(second * 1000));
    }
    return lastText;
  };
}

const timeOfDay = (d: Date): string => `${pad2(d.getUTCHours())}:${pad2(d.getUTCMinutes())}:${pad2(d.getUTCSeconds())}`;
const month = (d: Date): string => MONTHS[d.getUTCMonth()] as string;

/** `20/Oct/2017:18:50:06 +0000`, nginx's `$time_local`. */
export const localTime = (d: Date): string =>
  `${pad2(d.getUTCDate())}/${month(d)}/${d.getUTCFullYear()}:${timeOfDay(d)} +0000`;

/** `2017-10-20T18:50:06`; whoever uses it adds the fraction or the zone. */
export const isoSeconds = (d: Date): string => d.toISOString().slice(0, 19);

/** `Dec  6 03:11:19`, the year-less time of RFC 3164. */
export const syslogTime = (d: Date): string => `${month(d)} ${String(d.getUTCDate()).padStart(2)} ${timeOfDay(d)}`;
