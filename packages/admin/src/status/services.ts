import type { ServiceCount } from "@sluice/core";

/** Services that are told apart; what is above that is entered as `other`. */
const MAX_SERVICES = 100;
const MINUTES = 60;
const MINUTE_MS = 60_000;

/** What one service logged. */
export interface ServiceStatus extends ServiceCount {
  readonly name: string;
  readonly pipeline: string;
  /** Errors of the last 60 minutes, one number a minute, the current one last. */
  readonly errorsByMinute: readonly number[];
  /** Events of the last hour. */
  readonly lastHour: ServiceCount;
}

interface Entry {
  readonly pipeline: string;
  readonly name: string;
  readonly total: ServiceCount;
  /** By minute modulo 60. */
  readonly minutes: ServiceCount[];
}

const none = (): ServiceCount => ({ events: 0, errors: 0, warnings: 0 });

/** Counts events by service, with the last hour by minutes. */
export class ServiceBook {
  readonly #entries = new Map<string, Entry>();
  #minute = 0;
  /** False once counts were reckoned up from a sample. */
  exact = true;

  enter(pipeline: string, counts: Readonly<Record<string, ServiceCount>>, factor: number): void {
    this.#turn();
    for (const [name, count] of Object.entries(counts)) {
      const entry = this.#entry(pipeline, name);
      const minute = entry.minutes[this.#minute % MINUTES] as ServiceCount;
      for (const kind of ["events", "errors", "warnings"] as const) {
        entry.total[kind] += count[kind] * factor;
        minute[kind] += count[kind] * factor;
      }
    }
  }

  /** Those with the most errors first. */
  status(): ServiceStatus[] {
    this.#turn();
    return [...this.#entries.values()]
      .map((entry) => this.#statusOf(entry))
      .sort((a, b) => b.lastHour.errors - a.lastHour.errors || b.lastHour.events - a.lastHour.events);
  }

  #statusOf({ pipeline, name, total, minutes }: Entry): ServiceStatus {
    const lastHour = none();
    for (const minute of minutes) {
      for (const kind of ["events", "errors", "warnings"] as const) lastHour[kind] += minute[kind];
    }
    const errorsByMinute = minutes.map((_, i) =>
      Math.round((minutes[(this.#minute + 1 + i) % MINUTES] as ServiceCount).errors),
    );
    return { pipeline, name, ...rounded(total), lastHour: rounded(lastHour), errorsByMinute };
  }

  #entry(pipeline: string, wanted: string): Entry {
    const known = this.#entries.get(`${pipeline}\0${wanted}`);
    if (known) return known;
    const name = this.#entries.size >= MAX_SERVICES ? "other" : wanted;
    const key = `${pipeline}\0${name}`;
    const entry = this.#entries.get(key) ?? {
      pipeline,
      name,
      total: none(),
      minutes: Array.from({ length: MINUTES }, none),
    };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Empties the minutes that have begun since the last call. */
  #turn(): void {
    const now = Math.floor(Date.now() / MINUTE_MS);
    const since = this.#minute === 0 ? 0 : Math.min(MINUTES, now - this.#minute);
    for (let i = 1; i <= since; i++) {
      for (const { minutes } of this.#entries.values()) minutes[(this.#minute + i) % MINUTES] = none();
    }
    this.#minute = now;
  }
}

function rounded({ events, errors, warnings }: ServiceCount): ServiceCount {
  return { events: Math.round(events), errors: Math.round(errors), warnings: Math.round(warnings) };
}
