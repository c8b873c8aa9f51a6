import type { PipelineSpec, SluiceError } from "@sluice/core";
import {
  type PipelineResult,
  type PipelineRun,
  type PipelineSnapshot,
  type Prepared,
  preparePipeline,
  startPrepared,
} from "@sluice/runtime";
import { keptSources } from "./reload/compare.ts";
import type { Desired } from "./reload/desired.ts";
import { pipelineOptions, type RunContext } from "./run-pipelines.ts";

const PAUSE_MS = 1000;

/** A pipeline that could be started: its components are created and its program is compiled. */
export interface ReadyPipeline {
  readonly desired: Desired;
  readonly prepared: Prepared;
  /** What its components warn about, e.g. `verify: false`. */
  readonly warnings: readonly string[];
}

/** Creates and compiles a pipeline. Rejects when that does not work. Close `prepared` when it is not used. */
export async function readyPipeline(desired: Desired, context: Omit<RunContext, "patterns">): Promise<ReadyPipeline> {
  const { spec, patterns } = desired;
  const warnings = new Set<string>();
  const warned = (_: string, component: string, message: string) => warnings.add(`${component}: ${message}`);
  const options = await pipelineOptions(spec, { ...context, patterns, warned });
  return { desired, prepared: await preparePipeline(options), warnings: [...warnings] };
}

/**
 * A pipeline that may be replaced while it runs, and is started again when a sink has lost what it had gathered, e.g.
 * because someone aborted its upload: its positions have not moved, so that it reads the same again.
 */
export class LastingPipeline {
  readonly #context: Omit<RunContext, "patterns">;
  #desired: Desired;
  #warnings: readonly string[];
  #run: PipelineRun;
  #stopped = false;
  #result: PipelineResult | undefined;
  readonly done: Promise<PipelineResult>;

  private constructor({ desired, warnings }: ReadyPipeline, context: Omit<RunContext, "patterns">, run: PipelineRun) {
    this.#desired = desired;
    this.#warnings = warnings;
    this.#context = context;
    this.#run = run;
    this.done = this.#last();
    this.done.then(
      (result) => (this.#result = result),
      () => undefined,
    );
  }

  static async start(ready: ReadyPipeline, context: Omit<RunContext, "patterns">): Promise<LastingPipeline> {
    return new LastingPipeline(ready, context, await startPrepared(ready.prepared));
  }

  get desired(): Desired {
    return this.#desired;
  }

  get spec(): PipelineSpec {
    return this.#desired.spec;
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** False once it has ended for good. */
  get running(): boolean {
    return this.#result === undefined;
  }

  /** It has ended, and not because its input has. */
  get broken(): boolean {
    return this.#result?.ok === false;
  }

  snapshot(): PipelineSnapshot {
    return this.#run.snapshot();
  }

  /** See `PipelineRun.stop`. */
  stop(deadline: number): void {
    this.#stopped = true;
    void this.#run.stop(deadline);
  }

  /** The files say the same in another way. */
  rename(desired: Desired): void {
    this.#desired = desired;
  }

  /** See `PipelineRun.retire`; sources that are the same in `next` are kept. */
  retire(next: Desired, deadline: number): Promise<boolean> {
    return this.#run.retire(keptSources(this.#desired, next), deadline);
  }

  /** See `PipelineRun.resume`. */
  async resume({ desired, prepared, warnings }: ReadyPipeline): Promise<void> {
    this.#desired = desired;
    this.#warnings = warnings;
    await this.#run.resume(prepared);
  }

  /** See `PipelineRun.abandon`. */
  abandon(problem: SluiceError): void {
    this.#run.abandon(problem);
  }

  /** See `PipelineRun.settledIn`. */
  settledIn(): Promise<Error | undefined> {
    return this.#run.settledIn();
  }

  async #last(): Promise<PipelineResult> {
    for (;;) {
      const result = await this.#run.done;
      if (result.error?.code !== "SLUICE_STORE" || this.#stopped) return result;
      const { message: error, code, hint } = result.error;
      this.#context.log.error({ pipeline: this.spec.name, code, error, hint }, "starting the pipeline again");
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      if (this.#stopped) return result;
      this.#run = await startPrepared((await readyPipeline(this.#desired, this.#context)).prepared);
    }
  }
}
