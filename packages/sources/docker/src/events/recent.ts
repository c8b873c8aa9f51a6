import type { Value } from "@sluice/core";
import { compareMoments, type Moment } from "../time.ts";
import type { TimedEvent } from "./engine-event.ts";

/** How far the times of events may be out of order, in seconds. */
const DISORDER_SECONDS = 5;

interface Stored {
  readonly latest: [number, number];
  readonly keys: [string, number][];
}

/** The last events: the engine tells them again after a new connection, as far as it remembers them. */
export class RecentEvents {
  #latest: Moment = { sec: 0, nanos: 0 };
  /** Their keys, and the second in which they were. */
  readonly #keys: Map<string, number>;
  /** Set while events may come a second time by another way, however old they are by then. */
  keepsAll = false;

  constructor(stored: Value | undefined) {
    const { latest, keys } = (stored ?? { latest: [0, 0], keys: [] }) as unknown as Stored;
    this.#latest = { sec: latest[0], nanos: latest[1] };
    this.#keys = new Map(keys);
  }

  stored(): Value {
    const { sec, nanos } = this.#latest;
    return { latest: [sec, nanos], keys: [...this.#keys] } satisfies Stored as unknown as Value;
  }

  /** Nothing before this is asked for. */
  begin(moment: Moment): void {
    this.#latest = { ...moment, sec: moment.sec + DISORDER_SECONDS };
  }

  /** From when on events may be new. */
  get since(): Moment {
    const { sec, nanos } = this.#latest;
    return { sec: Math.max(0, sec - DISORDER_SECONDS), nanos };
  }

  /** True when the event is a new one. */
  add({ key, moment, concluded }: TimedEvent): boolean {
    if (this.#keys.has(key)) return false;
    this.#keys.set(key, moment.sec);
    // What is concluded may be long ago, or just now, with others of the engine still under way.
    if (!concluded && compareMoments(moment, this.#latest) > 0) this.#latest = moment;
    if (this.keepsAll) return true;
    const oldest = this.since.sec - 1;
    for (const [old, sec] of this.#keys) if (sec < oldest && old !== key) this.#keys.delete(old);
    return true;
  }
}
