import { setTimeout as sleep } from "node:timers/promises";
import type { SourceBatch, SourceContext } from "@sluice/core";

/** Something that has records for the pipeline now and then. */
export interface Inlet {
  /** What has come in so far, or null when there is nothing. Called when it is the inlet's turn. */
  take(): SourceBatch | null;
  /** What was taken is in the pipeline. */
  accepted?(): void;
}

const NEWLINE = 10;
/** Milliseconds for which small pieces are gathered: a batch costs the pipeline as much as some hundred lines. */
const GATHER_MS = 5;

/** Hands on what its inlets have, one batch of each in turn: whoever sends much waits for those who send little. */
export class Intake {
  readonly #ctx: SourceContext;
  readonly #ready = new Set<Inlet>();
  #wake: (() => void) | undefined;
  #ended = false;
  #lastEmit = 0;
  #refused: SourceBatch | null = null;

  constructor(ctx: SourceContext) {
    this.#ctx = ctx;
  }

  /** True when nothing waits for its turn. */
  get idle(): boolean {
    return this.#ready.size === 0;
  }

  /** What the pipeline would not take, because it has ended. */
  get refused(): SourceBatch | null {
    return this.#refused;
  }

  /** The inlet has something. */
  offer(inlet: Inlet): void {
    this.#ready.add(inlet);
    this.#wake?.();
  }

  /** Nothing more will be offered: `run` returns once everything was handed on. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Hands on until the end. Rejects when the pipeline takes nothing more. */
  async run(): Promise<void> {
    for (;;) {
      const [inlet] = this.#ready;
      if (inlet) await this.#turn(inlet);
      else if (this.#ended) return;
      else await this.#somethingNew();
    }
  }

  async #turn(inlet: Inlet): Promise<void> {
    this.#ready.delete(inlet);
    const batch = inlet.take();
    if (batch) {
      this.#lastEmit = performance.now();
      await this.#emit(batch);
    }
    inlet.accepted?.();
  }

  async #emit(batch: SourceBatch): Promise<void> {
    try {
      await this.#ctx.emit(batch);
    } catch (error) {
      this.#refused = batch;
      throw error;
    }
  }

  async #somethingNew(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    const since = performance.now() - this.#lastEmit;
    if (since < GATHER_MS && !this.#ended) await sleep(GATHER_MS - since);
  }
}

/** How many records a batch holds. */
export function recordsIn({ data, framing }: SourceBatch): number {
  if (framing.kind === "records") return framing.starts.length;
  let lines = 0;
  for (let at = data.indexOf(NEWLINE); at >= 0; at = data.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}
