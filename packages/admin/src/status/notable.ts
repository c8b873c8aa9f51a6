import type { Event } from "@sluice/core";

/** An event that somebody wants to know of. */
export interface NotableEvent {
  readonly pipeline: string;
  readonly event: Event;
}

const MAX_ALERTS = 100;
const MAX_FIGURES = 500;
/** Milliseconds after which a figure that does not come any more is forgotten. */
const FIGURE_MS = 10 * 60_000;
/** What tells the figures of one dataset apart. */
const KEYS = [
  "system.filesystem.mount_point",
  "system.network.name",
  "system.service.name",
  "system.socket.local.ip",
  "system.socket.local.port",
  "file.directory",
  "process.name",
  "process.pid",
  "monitor.name",
  "service.name",
];

/** Keeps the last alerts, and the last figures of each kind that came from hosts. */
export class NotableBook {
  readonly #alerts: NotableEvent[] = [];
  readonly #figures = new Map<string, NotableEvent & { readonly at: number }>();
  /** Alerts so far. */
  alertCount = 0;

  enter(pipeline: string, events: readonly string[]): void {
    for (const json of events) {
      const event = JSON.parse(json) as Event;
      if (event["event.kind"] === "alert") this.#alert({ pipeline, event });
      else this.#figure({ pipeline, event });
    }
  }

  /** The newest first. */
  alerts(): readonly NotableEvent[] {
    return this.#alerts;
  }

  /** The newest of each kind. */
  figures(): readonly Event[] {
    const oldest = Date.now() - FIGURE_MS;
    for (const [key, { at }] of this.#figures) if (at < oldest) this.#figures.delete(key);
    return [...this.#figures.values()].map(({ event }) => event);
  }

  #alert(alert: NotableEvent): void {
    this.alertCount++;
    this.#alerts.unshift(alert);
    this.#alerts.length = Math.min(this.#alerts.length, MAX_ALERTS);
  }

  #figure(figure: NotableEvent): void {
    const { event } = figure;
    const { "event.dataset": dataset } = event;
    // An expected process is the same whatever its id is, and whether it runs.
    const isExpected = typeof dataset === "string" && dataset.endsWith(".expected");
    const keys = isExpected ? KEYS.filter((key) => key !== "process.pid") : KEYS;
    const parts = [event["host.name"], dataset, ...keys.map((key) => event[key])];
    const key = parts.map((part) => (typeof part === "string" || typeof part === "number" ? part : "")).join("\0");
    // Newest last, so that the oldest is forgotten first.
    this.#figures.delete(key);
    this.#figures.set(key, { ...figure, at: Date.now() });
    if (this.#figures.size > MAX_FIGURES) this.#figures.delete(this.#figures.keys().next().value as string);
  }
}
