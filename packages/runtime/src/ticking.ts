import type { BatchOrigin, ProgramOutput, SourceBatch, Tick, Watch } from "@sluice/core";
import type { SourceAcks } from "./acks/source-acks.ts";
import type { Lanes } from "./lanes.ts";
import type { Routed } from "./routed.ts";
import type { SourceItem } from "./source-types.ts";
import { type LastSource, type SourceStream, sourceStream } from "./streams.ts";
import { MADE, Ticker } from "./ticker.ts";
import type { ProgramRunner } from "./workers/runner.ts";

const NO_RECORDS = { streamKey: MADE, stream: { id: MADE, fields: {} }, data: new Uint8Array(0) };

export interface TickingOptions {
  readonly program: ProgramRunner;
  readonly acks: SourceAcks;
  readonly lanes: Lanes<Routed>;
  readonly watch: () => Watch | undefined;
  /** What the last tick is for. */
  readonly last: () => Tick;
}

/** What steps make when no event comes: a source of its own, which ends after all others. */
export class Ticking {
  readonly #options: TickingOptions;
  readonly #stream: SourceStream<SourceItem> = sourceStream();
  readonly #ticker: Ticker;

  constructor(options: TickingOptions) {
    this.#options = options;
    const broken = (error: unknown) => this.#stream.readable.destroy(error as Error);
    this.#ticker = new Ticker(options.program, (output, now) => this.#push(output, now), broken, options.watch);
  }

  start(): LastSource {
    this.#ticker.start();
    const finish = async () => {
      await this.#ticker.finish(this.#options.last());
      this.#stream.end();
    };
    return { readable: this.#stream.readable, finish };
  }

  stop(): void {
    this.#ticker.stop();
  }

  #push(output: ProgramOutput, now: number): Promise<void> {
    const { acks, lanes } = this.#options;
    const batch: SourceBatch = { ...NO_RECORDS, framing: { kind: "lines", base: now } };
    return this.#stream.push({
      source: MADE,
      batch,
      now,
      settled: acks.track(batch),
      place: lanes.enter(MADE),
      output,
    });
  }
}

/** Where events come from that steps make when no event comes. */
export function madeOrigin(now: number): BatchOrigin {
  return { source: MADE, streamKey: MADE, streamId: MADE, from: now, to: now + 1, now };
}
