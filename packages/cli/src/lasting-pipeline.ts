import type { PipelineSpec } from "@sluice/core";
import type { PipelineResult, PipelineRun, PipelineSnapshot } from "@sluice/runtime";
import { type RunContext, startPipeline } from "./run-pipelines.ts";

const PAUSE_MS = 1000;

/**
 * A pipeline that is started again when a sink has lost what it had gathered, e.g. because someone aborted its upload:
 * its positions have not moved, so that it reads the same again.
 */
export class LastingPipeline {
  readonly #spec: PipelineSpec;
  readonly #context: RunContext;
  #run: PipelineRun;
  #stopped = false;
  #ended = false;
  readonly done: Promise<PipelineResult>;

  private constructor(spec: PipelineSpec, context: RunContext, run: PipelineRun) {
    this.#spec = spec;
    this.#context = context;
    this.#run = run;
    this.done = this.#last().finally(() => {
      this.#ended = true;
    });
  }

  /** Rejects when the pipeline cannot be started at all. */
  static async start(spec: PipelineSpec, context: RunContext): Promise<LastingPipeline> {
    return new LastingPipeline(spec, context, await startPipeline(spec, context));
  }

  get spec(): PipelineSpec {
    return this.#spec;
  }

  /** False once it has ended for good. */
  get running(): boolean {
    return !this.#ended;
  }

  snapshot(): PipelineSnapshot {
    return this.#run.snapshot();
  }

  /** See `PipelineRun.stop`. */
  stop(deadline: number): void {
    this.#stopped = true;
    void this.#run.stop(deadline);
  }

  async #last(): Promise<PipelineResult> {
    for (;;) {
      const result = await this.#run.done;
      if (result.error?.code !== "SLUICE_STORE" || this.#stopped) return result;
      const { message: error, code, hint } = result.error;
      this.#context.log.error({ pipeline: this.#spec.name, code, error, hint }, "starting the pipeline again");
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      if (this.#stopped) return result;
      this.#run = await startPipeline(this.#spec, this.#context);
    }
  }
}
