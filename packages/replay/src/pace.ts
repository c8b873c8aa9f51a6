import { setTimeout as sleep } from "node:timers/promises";
import type { RecordBatch } from "@sluice/core";

const NEWLINE = 10;
/** Batches a second into which a rate is divided. */
const STEPS = 10;

/** Holds a rate of lines a second. */
export class Pace {
  readonly #perSecond: number;
  #due = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Lines that a batch may have, so that they come evenly. */
  get maxLines(): number {
    return Math.max(1, Math.floor(this.#perSecond / STEPS));
  }

  /** Resolves when it is the batch's turn, or at the stop. */
  async wait(batch: Pick<RecordBatch, "data" | "framing">, stop: AbortSignal): Promise<void> {
    const now = performance.now();
    const start = Math.max(now, this.#due);
    this.#due = start + (countLines(batch) * 1000) / this.#perSecond;
    if (start > now) await sleep(start - now, undefined, { signal: stop }).catch(() => {});
  }
}

/** Records of a batch. */
function countLines({ data, framing }: Pick<RecordBatch, "data" | "framing">): number {
  if (framing.kind === "records") return framing.starts.length;
  let lines = 0;
  for (let at = 0; at < data.length; lines++) {
    const newline = data.indexOf(NEWLINE, at);
    if (newline < 0) return lines + 1;
    at = newline + 1;
  }
  return lines;
}
