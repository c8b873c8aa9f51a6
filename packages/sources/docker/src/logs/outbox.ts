import { orStopped, type SourceContext } from "@sluice/core";
import type { Budget } from "./budget.ts";
import type { ContainerLog } from "./container-log.ts";

/** Emits what the containers' logs have, one batch after the other, each container in its turn. */
export class Outbox {
  readonly #ctx: SourceContext;
  readonly #budget: Budget;
  readonly #ready = new Set<ContainerLog>();
  #arrived: (() => void) | undefined;
  #closed = false;

  constructor(ctx: SourceContext, budget: Budget) {
    this.#ctx = ctx;
    this.#budget = budget;
  }

  add(log: ContainerLog): void {
    this.#ready.add(log);
    this.#arrived?.();
  }

  /** No more will come: `run` resolves when all is emitted. */
  close(): void {
    this.#closed = true;
    this.#arrived?.();
  }

  /** Resolves at a stop, with what is not emitted left to the next start. */
  async run(): Promise<void> {
    const { stop } = this.#ctx;
    while (!stop.aborted) {
      const [log] = this.#ready;
      if (log) await this.#emit(log);
      else if (this.#closed) return;
      else await orStopped(new Promise<void>((resolve) => (this.#arrived = resolve)), stop);
    }
  }

  async #emit(log: ContainerLog): Promise<void> {
    this.#ready.delete(log);
    const waiting = log.progress.take();
    if (!waiting) return;
    if (log.progress.hasLines) this.#ready.add(log);
    await orStopped(this.#ctx.emit(waiting.batch), this.#ctx.stop);
    this.#budget.give(waiting.cost);
  }
}
