import type { PipelineResult } from "@sluice/runtime";
import { LastingPipeline, type ReadyPipeline } from "./lasting-pipeline.ts";
import type { Desired } from "./reload/desired.ts";
import type { RunContext } from "./run-pipelines.ts";

/** What all pipelines share. Each brings its own grok patterns: those of the files when it was read. */
export type FleetContext = Omit<RunContext, "patterns">;

/** The pipelines of this process. */
export class Fleet {
  readonly context: FleetContext;
  readonly #pipelines = new Map<string, LastingPipeline>();
  readonly #removed: PipelineResult[] = [];
  #deadline: number | undefined;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(context: FleetContext) {
    this.context = context;
  }

  /** It was told to stop. */
  get stopping(): boolean {
    return this.#deadline !== undefined;
  }

  pipelines(): LastingPipeline[] {
    return [...this.#pipelines.values()];
  }

  get(name: string): LastingPipeline | undefined {
    return this.#pipelines.get(name);
  }

  /** Those that run, as the files wanted them. One that has broken is left out: it may be started anew. */
  running(): ReadonlyMap<string, Desired> {
    const sound = this.pipelines().filter(({ broken }) => !broken);
    return new Map(sound.map(({ desired }) => [desired.spec.name, desired]));
  }

  async start(ready: ReadyPipeline): Promise<LastingPipeline> {
    const pipeline = await LastingPipeline.start(ready, this.context);
    this.#pipelines.set(ready.desired.spec.name, pipeline);
    if (this.#deadline !== undefined) pipeline.stop(this.#deadline);
    return pipeline;
  }

  /** Drains a pipeline and takes it out. */
  async remove(name: string, deadline: number): Promise<PipelineResult | undefined> {
    const pipeline = this.#pipelines.get(name);
    pipeline?.stop(deadline);
    const result = await pipeline?.done;
    if (result) this.#removed.push(result);
    this.#pipelines.delete(name);
    return result;
  }

  /** Puts the pipelines into the order in which the files name them. */
  sort(names: readonly string[]): void {
    for (const name of names) {
      const pipeline = this.#pipelines.get(name);
      if (!pipeline) continue;
      this.#pipelines.delete(name);
      this.#pipelines.set(name, pipeline);
    }
  }

  /** Drains all; gives up after so many milliseconds. */
  stop(deadline: number): void {
    this.#deadline = deadline;
    for (const pipeline of this.#pipelines.values()) pipeline.stop(deadline);
  }

  /** A run does not end while its pipelines are being changed. */
  change<T>(work: Promise<T>): Promise<T> {
    this.#changing = work.catch(() => undefined);
    return work;
  }

  /** Resolves with the results of all, when all have ended. Those that were taken out before are not in it. */
  async done(): Promise<PipelineResult[]> {
    for (;;) {
      const pipelines = this.pipelines();
      const results = await Promise.all(pipelines.map((pipeline) => pipeline.done));
      await this.#changing;
      const now = this.pipelines();
      if (now.length === pipelines.length && now.every((pipeline) => pipelines.includes(pipeline))) return results;
    }
  }

  /** Whether every pipeline that was taken out had delivered everything. */
  get removedInOrder(): boolean {
    return this.#removed.every(inOrder);
  }
}

/** Everything that was read is delivered, or safe. */
export function inOrder({ ok, snapshot }: PipelineResult): boolean {
  return ok && snapshot.buffered === 0;
}
