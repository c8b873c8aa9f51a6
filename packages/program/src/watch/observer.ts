import type { Event, Seen, ServiceCount, TapRequest, Watch } from "@sluice/core";
import type { Clean, Cleaner } from "./cleaner.ts";
import { countService } from "./severity.ts";
import { asJson, Tap } from "./tap.ts";

/** Notable events of one batch, at most. */
const MAX_NOTABLE = 64;
/** Characters of a string in a notable event. */
const NOTABLE_CUT = 1024;

export type Condition = (event: Event) => boolean;

/** A part of a batch that stands for all of it. */
export interface Sample {
  readonly size: number;
  readonly weight: number;
}

/** Sees the events of one batch as they go through the steps. */
export class Observer {
  readonly #taps: readonly { readonly at: TapRequest["at"]; readonly tap: Tap }[];
  readonly #cleaner: Cleaner;
  readonly #weight: number;
  readonly #sampled: number;
  readonly #services: Record<string, ServiceCount> = {};
  readonly #notable: string[] = [];
  #left: number;
  /** Whether somebody looks between the steps. */
  readonly looksAtSteps: boolean;

  /** @param sample Where it will not see every event: how many it will see, and how many each of them stands for. */
  constructor(watch: Watch, cleaner: Cleaner, conditionOf: (source: string) => Condition, sample?: Sample) {
    this.#cleaner = cleaner;
    this.#weight = sample?.weight ?? 1;
    this.#sampled = sample?.size ?? 0;
    this.#left = watch.examine;
    this.#taps = watch.taps.map((request) => {
      const holds = request.where === undefined ? undefined : conditionOf(request.where);
      return { at: request.at, tap: new Tap(request, holds) };
    });
    this.looksAtSteps = watch.taps.some(({ at }) => typeof at === "object" && "steps" in at);
  }

  /** An event after so many steps. */
  afterSteps(steps: number, event: Event): void {
    for (const { at, tap } of this.#taps) {
      if (typeof at === "object" && "steps" in at && at.steps === steps)
        this.#offer(tap, event, this.#cleaner.anywhere);
    }
  }

  /** An event that is for a sink. */
  atSink(sink: number, event: Event): void {
    for (const { at, tap } of this.#taps) {
      if (typeof at === "object" && "sink" in at && at.sink === sink) this.#offer(tap, event, this.#cleaner.kept);
    }
  }

  /** An event that has survived all steps. */
  kept(event: Event): void {
    countService(this.#services, event, this.#weight);
    if (isNotable(event) && this.#notable.length < MAX_NOTABLE) {
      const cleaned = this.#cleaner.kept(event);
      if (cleaned) this.#notable.push(asJson(cleaned, NOTABLE_CUT));
    }
    for (const { at, tap } of this.#taps) if (at === "kept") this.#offer(tap, event, this.#cleaner.kept);
  }

  seen(): Seen {
    const taps = this.#taps.map(({ tap: { id, events, examined, matched } }) => ({ id, events, examined, matched }));
    const exact = this.#weight === 1;
    return { taps, services: this.#services, exact, sampled: this.#sampled, notable: this.#notable };
  }

  #offer(tap: Tap, event: Event, clean: Clean): void {
    if (this.#left > 0) {
      this.#left--;
      tap.offer(event, clean);
    } else tap.examined++;
  }
}

/** Alerts, and figures of the host (`event.kind` of ECS). */
function isNotable(event: Event): boolean {
  const kind = event["event.kind"];
  return kind === "alert" || kind === "metric";
}
