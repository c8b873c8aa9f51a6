import type { ProgramOutput, Tick, Watch } from "@sluice/core";
import type { ProgramRunner } from "./workers/runner.ts";

/** Source name under which events go that steps make when no event comes. No source of a pipeline file can have it. */
export const MADE = "_steps";
const TICK_MS = 500;

/**
 * Asks the steps for what is due: twice a second, and once more at the end. It does so whatever the sinks are doing,
 * because what a step holds back keeps others waiting. Outputs are few: no event comes while the sinks block.
 */
export class Ticker {
  readonly #program: ProgramRunner;
  readonly #push: (output: ProgramOutput, now: number) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #watch: () => Watch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #pushing: Promise<void> = Promise.resolve();
  #last = 0;

  /** @param push hands on an output; rejects when the pipeline is closed. */
  constructor(
    program: ProgramRunner,
    push: (output: ProgramOutput, now: number) => Promise<void>,
    onError: (error: unknown) => void,
    watch: () => Watch | undefined,
  ) {
    this.#watch = watch;
    this.#program = program;
    this.#push = push;
    this.#onError = onError;
  }

  start(): void {
    if (!this.#program.ticks) return;
    this.#timer = setInterval(() => {
      this.#ticking ??= this.#tick("time")
        .catch(this.#onError)
        .finally(() => (this.#ticking = undefined));
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The last tick; resolves when all outputs are handed on. */
  async finish(why: Tick): Promise<void> {
    this.stop();
    await this.#ticking;
    if (this.#program.ticks) await this.#tick(why);
    await this.#pushing;
  }

  async #tick(why: Tick): Promise<void> {
    const now = Date.now();
    for (const output of await this.#program.tick(why, now, this.#watch())) {
      if (isEmpty(output)) continue;
      // Positions of made events ascend, also over a restart.
      const position = Math.max(now, this.#last + 1);
      this.#last = position;
      this.#pushing = this.#pushing.then(() => this.#push(output, position));
      this.#pushing.catch(this.#onError);
    }
  }
}

function isEmpty({ outputs, tally, changes }: ProgramOutput): boolean {
  const isQuiet = Object.keys(tally.made).length === 0 && Object.keys(tally.dropped).length === 0;
  return isQuiet && (changes?.size ?? 0) === 0 && outputs.every((output) => output === null);
}
