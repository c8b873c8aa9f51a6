import { type ClaimRequest, type Lease, type Logger, type LostReason, OWN_ALONE, type SourceState } from "@sluice/core";
import type { SourceAcks } from "./acks/source-acks.ts";
import { pause } from "./backoff.ts";
import type { PipelineSource } from "./pipeline-options.ts";
import { SourceRunner } from "./source-runner.ts";
import type { Outlet, SourceSnapshot } from "./source-types.ts";

export interface SourceSetOptions {
  readonly log: Logger;
  readonly finite: boolean;
  readonly acks: (source: string) => SourceAcks;
  readonly state: (source: string) => SourceState;
  /** Enters records that were lost before they could be read. */
  readonly lost: (source: string, reason: LostReason, records: number) => void;
}

interface Running {
  readonly runner: SourceRunner;
  /** Resolves when it will emit no more. */
  readonly ended: Promise<void>;
}

/** The sources of a pipeline, which may outlive what is behind them. */
export class SourceSet {
  readonly #options: SourceSetOptions;
  readonly #running = new Map<string, Running>();
  /** Those of the last `connect`. */
  #begun: SourceRunner[] = [];

  constructor(options: SourceSetOptions) {
    this.#options = options;
  }

  names(): string[] {
    return [...this.#running.keys()];
  }

  runners(): SourceRunner[] {
    return Array.from(this.#running.values(), ({ runner }) => runner);
  }

  acks(): SourceAcks[] {
    return this.runners().map(({ acks }) => acks);
  }

  snapshots(): SourceSnapshot[] {
    return this.runners().map((runner) => runner.snapshot());
  }

  /** Connects those that were kept, and starts the others. They are in the order of `sources` afterwards. */
  connect(sources: readonly PipelineSource[], outlet: (source: string) => Outlet): void {
    const kept = new Map(this.#running);
    this.#running.clear();
    this.#begun = [];
    for (const { name, source } of sources) {
      const known = kept.get(name);
      const runner = known?.runner ?? this.#make(name, source);
      runner.connect(outlet(name));
      if (!known) this.#begun.push(runner);
      this.#running.set(name, known ?? { runner, ended: runner.run() });
    }
  }

  /** No more input is wanted of those that are not to be kept. */
  dismiss(keep: ReadonlySet<string>): void {
    for (const runner of this.runners()) if (!keep.has(runner.name)) runner.stop();
  }

  /** What those have emitted that are not to be kept is not waited for any more. */
  hasten(keep: ReadonlySet<string>): void {
    for (const runner of this.runners()) if (!keep.has(runner.name)) runner.giveUp();
  }

  /** Closes and forgets those that are not to be kept, once all that will be settled is. */
  async remove(keep: ReadonlySet<string>): Promise<void> {
    const leaving = [...this.#running].filter(([name]) => !keep.has(name));
    await Promise.all(
      leaving.map(async ([name, { runner, ended }]) => {
        runner.stop();
        await ended;
        await runner.close();
        runner.acks.close();
        this.#running.delete(name);
      }),
    );
  }

  /** Lets those that are kept wait with what they emit. */
  async hold(keep: ReadonlySet<string>): Promise<void> {
    const kept = this.runners().filter(({ name }) => keep.has(name));
    await Promise.all(kept.map((runner) => runner.disconnect()));
  }

  /** Forgets what one has in flight, and lets it run. */
  renew(name: string): void {
    this.#running.get(name)?.runner.renew(this.#options.acks(name));
  }

  /** So many events were made of a batch of one. */
  counted(name: string, events: number): void {
    this.#running.get(name)?.runner.made(events);
  }

  /** Tells sluices that share the source of a cut; what comes from no source is nobody else's. */
  claim(request: ClaimRequest): Promise<Lease | null> {
    return this.#running.get(request.cut.source)?.runner.claim(request) ?? Promise.resolve(OWN_ALONE);
  }

  /** The error of one that was started last and failed within so many milliseconds. */
  async firstFailure(ms: number): Promise<Error | undefined> {
    if (this.#begun.length === 0) return undefined;
    const waiting = new AbortController();
    const failed = Promise.race([...this.#begun.map((runner) => runner.failed), pause(ms, waiting.signal)]);
    const failure = await failed;
    waiting.abort();
    return failure ?? undefined;
  }

  stop(): void {
    for (const runner of this.runners()) runner.stop();
  }

  giveUp(): void {
    for (const runner of this.runners()) runner.giveUp();
  }

  /** Lets all tell their far ends of what is settled. */
  async close(): Promise<void> {
    await Promise.all(this.runners().map((runner) => runner.close()));
  }

  #make(name: string, source: PipelineSource["source"]): SourceRunner {
    const { log, finite, acks, state, lost } = this.#options;
    return new SourceRunner({
      name,
      source,
      log,
      finite,
      acks: acks(name),
      state: state(name),
      lost: (reason, records) => lost(name, reason, records),
    });
  }
}
