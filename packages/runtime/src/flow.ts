import { setMaxListeners } from "node:events";
import {
  type ClaimRequest,
  type Lease,
  newTally,
  type ProgramInput,
  type ProgramOutput,
  type SinkSpec,
} from "@sluice/core";
import { type BatchResult, Settlement } from "./acks/settlement.ts";
import type { SourceAcks } from "./acks/source-acks.ts";
import { abortedFirst } from "./backoff.ts";
import type { Books } from "./books.ts";
import { Boundaries } from "./boundaries.ts";
import { sharesOf } from "./buffer/shares.ts";
import { Lanes } from "./lanes.ts";
import { originOf } from "./origin.ts";
import type { PipelineOptions } from "./pipeline-options.ts";
import type { Routed } from "./routed.ts";
import { unshared } from "./sink/frames.ts";
import { SinkSet } from "./sink/sink-set.ts";
import type { Outlet, SourceItem } from "./source-types.ts";
import { join, programStream, type SourceStream, sourceStream } from "./streams.ts";
import { MADE } from "./ticker.ts";
import { madeOrigin, Ticking } from "./ticking.ts";
import type { ProgramRunner } from "./workers/runner.ts";

/** Batches of one stream that may wait between its source and the program; two fill the queues there. */
const QUEUED = 2;

export interface FlowOptions {
  readonly options: PipelineOptions;
  readonly program: ProgramRunner;
  readonly books: Books;
  /** Is told how many events were made of a batch of a source. */
  readonly counted: (source: string, events: number) => void;
  /** Tells sluices that share a source of a cut of it. */
  readonly claim: (request: ClaimRequest) => Promise<Lease | null>;
  /** Acknowledgements of what steps make when no event comes. */
  readonly made: SourceAcks;
  /** Number of the last batch so far. */
  readonly batch: number;
}

/** What is behind the sources of a pipeline: its program and its sinks. It may be replaced while the sources run. */
export class Flow {
  readonly #options: PipelineOptions;
  readonly #books: Books;
  readonly #counted: (source: string, events: number) => void;
  readonly program: ProgramRunner;
  readonly sinks: SinkSet;
  readonly #stop = new AbortController();
  readonly #deadline = new AbortController();
  readonly #lanes: Lanes<Routed>;
  readonly #boundaries: Boundaries;
  readonly #streams = new Map<string, SourceStream<SourceItem>>();
  readonly #ticking: Ticking;
  readonly #specs: readonly SinkSpec[];
  /** Number of the last batch. */
  #batch: number;
  #retiring = false;

  constructor({ options, program, books, counted, claim, made, batch }: FlowOptions) {
    this.#options = options;
    this.#counted = counted;
    this.#books = books;
    this.program = program;
    this.#batch = batch;
    this.#lanes = new Lanes(program.limit + QUEUED);
    setMaxListeners(0, this.#stop.signal, this.#deadline.signal);
    const { spec: pipeline, state, log, watcher, finite } = options;
    const context = { pipeline, state, log, claim, stop: this.#stop.signal, deadline: this.#deadline.signal };
    this.sinks = new SinkSet(options.sinks, context);
    this.#specs = options.sinks.map((sink) => sink.spec);
    this.#boundaries = new Boundaries(this.sinks.cuts());
    for (const { name } of options.sources) this.#streams.set(name, sourceStream());
    const last = () => (finite && !this.#stop.signal.aborted && !this.#retiring ? "end" : "stop");
    this.#ticking = new Ticking({ program, acks: made, lanes: this.#lanes, watch: () => watcher?.ask(MADE), last });
  }

  /** Number of the last batch. */
  get batch(): number {
    return this.#batch;
  }

  /** What is in flight is not waited for any more. */
  get gaveUp(): boolean {
    return this.#deadline.signal.aborted;
  }

  /** Where a source puts its batches. */
  outlet(source: string): Outlet {
    const stream = this.#streams.get(source) as SourceStream<SourceItem>;
    return { stream, lanes: this.#lanes, boundaries: this.#boundaries, hurry: () => this.sinks.hurry() };
  }

  /** Opens the disk buffers. Rejects when one cannot be opened. */
  async open(): Promise<void> {
    this.#batch = Math.max(this.#batch, await this.sinks.open());
  }

  /** Runs until everything has gone through. Rejects when a stage breaks or the deadline passes. */
  async run(): Promise<void> {
    const program = programStream<SourceItem, Routed>({
      limit: this.program.limit,
      lanes: this.#lanes,
      place: (item) => item.place,
      run: (item, held) => this.#process(item, held),
    });
    const heads = Array.from(this.#streams.values(), ({ readable }) => readable);
    const { signal } = this.#deadline;
    const flow = join(heads, program, this.sinks.streams(), signal, this.#ticking.start());
    flow.catch(() => undefined);
    this.sinks.start();
    // stream.pipeline does not reject while a stage ignores the signal.
    if (await abortedFirst(flow, signal)) throw new Error("deadline");
    await flow;
  }

  /** No more input is wanted. */
  stop(): void {
    this.#stop.abort();
  }

  /** Another flow follows: the input has not ended, and what lies in disk buffers is left to it. */
  retire(): void {
    this.#retiring = true;
    this.sinks.leaveBuffers();
  }

  giveUp(): void {
    this.#deadline.abort();
  }

  /** Ends the program and the sinks, whatever they have open. */
  async close(): Promise<void> {
    this.#ticking.stop();
    await Promise.all([this.program.close(), this.sinks.close()]);
  }

  async #process({ source, batch: read, now, settled, output: made }: SourceItem, held: () => void): Promise<Routed> {
    const { stream, data, framing, streamKey } = read;
    // Before the program takes the data over.
    const origin = made ? madeOrigin(now) : originOf(source, read, now);
    const { watcher } = this.#options;
    const began = performance.now();
    // A batch that is held back waits for others; that is not its own time.
    let isOwnTime = !made;
    const onHeld = () => {
      isOwnTime = false;
      held();
    };
    const output =
      made ?? (await this.#runProgram({ stream, data, framing, now, watch: watcher?.ask(source) }, streamKey, onHeld));
    watcher?.saw(output.seen, output.tally.in);
    if (isOwnTime) this.#books.batches.observe((performance.now() - began) / 1000);
    this.#books.made(source, output);
    this.#counted(source, output.tally.in);
    const batch = ++this.#batch;
    const { changes } = output;
    const done = (result: BatchResult) => settled({ ...result, changes });
    const settlement = new Settlement(this.#options.sinks.length, output.tally, done, batch);
    const outputs = unshared(output.outputs);
    const comesAgain = read.position !== undefined || read.settled !== undefined || made !== undefined;
    const shares = comesAgain ? undefined : sharesOf(outputs, this.#specs, output.tally.kept);
    return { outputs, origin, settlement, buffered: { batch, shares } };
  }

  async #runProgram(input: ProgramInput, streamKey: string, held: () => void): Promise<ProgramOutput> {
    if (input.data.length === 0) return { outputs: [], tally: newTally() };
    return this.program.run(input, streamKey, held);
  }
}
