import type { Event, Tapped, TapRequest, Value } from "@sluice/core";
import type { Clean } from "./cleaner.ts";

/** Collects the events that one tap wants to see. */
export class Tap implements Tapped {
  readonly id: number;
  readonly events: string[] = [];
  examined = 0;
  matched = 0;
  readonly #request: TapRequest;
  readonly #holds: ((event: Event) => boolean) | undefined;

  constructor(request: TapRequest, holds: ((event: Event) => boolean) | undefined) {
    this.id = request.id;
    this.#request = request;
    this.#holds = holds;
  }

  /** Looks at an event; without a condition, only as long as it is to be shown. */
  offer(event: Event, clean: Clean): void {
    this.examined++;
    const full = this.events.length >= this.#request.limit;
    if (full && this.#holds === undefined) {
      this.matched++;
      return;
    }
    const cleaned = clean(event);
    // Judged as it is shown: a condition must not be a way to ask for what the sanitizer took out.
    if (cleaned === null || !(this.#holds?.(cleaned) ?? true)) return;
    this.matched++;
    if (!full) this.events.push(asJson(cleaned, this.#request.cut));
  }
}

/** An event as JSON, with long strings cut. */
export function asJson(event: Event, cut: number): string {
  return JSON.stringify(event, (_, value: Value) =>
    typeof value === "string" && value.length > cut ? `${value.slice(0, cut)}…` : value,
  );
}
