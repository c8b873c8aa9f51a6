import { count, type Event, type Hold, type StepFlow } from "@sluice/core";
import type { Flow, HeldEvent } from "./flow.ts";

/** Puts an event through the steps from one on, and to the sinks. */
export type Continue = (event: Event, from: number, isHostile: boolean) => void;

/** {@link StepFlow} of the step at `index`. */
export class StageFlow implements StepFlow {
  readonly #flow: Flow;
  readonly #type: string;
  readonly #index: number;
  readonly #proceed: Continue;
  #taken = false;

  constructor(flow: Flow, type: string, index: number, proceed: Continue) {
    this.#flow = flow;
    this.#type = type;
    this.#index = index;
    this.#proceed = proceed;
  }

  get stream(): string {
    return this.#flow.stream;
  }

  get position(): number {
    return this.#flow.position;
  }

  /** Whether the step has kept the event for which it has just returned null. */
  wasTaken(): boolean {
    const taken = this.#taken;
    this.#taken = false;
    return taken;
  }

  emit(event: Event): void {
    count(this.#flow.part.tally.made, this.#type);
    this.#proceed(event, this.#index + 1, false);
  }

  hold(): Hold {
    this.#taken = true;
    return this.#flow.hold();
  }

  join(): void {
    this.#taken = true;
    count(this.#flow.part.tally.dropped, "joined");
  }

  release(hold: Hold, event: Event, remember?: () => void): void {
    this.#flow.release(hold as HeldEvent, (isHostile) => {
      remember?.();
      this.#proceed(event, this.#index + 1, isHostile);
    });
  }
}
