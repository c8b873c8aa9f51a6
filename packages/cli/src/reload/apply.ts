import { errorText, type Logger, SluiceError } from "@sluice/core";
import type { Fleet } from "../fleet.ts";
import { type LastingPipeline, type ReadyPipeline, readyPipeline } from "../lasting-pipeline.ts";
import { logLedger } from "../run-pipelines.ts";
import type { Difference } from "./compare.ts";
import type { Desired } from "./desired.ts";

/** One pipeline that is replaced. */
interface Replaced {
  readonly pipeline: LastingPipeline;
  readonly before: Desired;
  readonly ready: ReadyPipeline;
}

/**
 * Makes the running pipelines what the files want. The new ones are created and compiled first; then the old ones are
 * drained, and the new ones go on from their positions. Rejects when one does not start: then the old ones run again.
 * @param drain milliseconds for draining
 */
export async function applyDifference(fleet: Fleet, difference: Difference, drain: number): Promise<void> {
  const { added, changed, removed, unchanged } = difference;
  const ready = await readyAll([...changed, ...added], fleet);
  for (const desired of unchanged) fleet.get(desired.spec.name)?.rename(desired);
  const change = new RunningChange(fleet, drain);
  const isNew = ({ desired }: ReadyPipeline) => added.includes(desired);
  await change.begin(
    ready.filter((one) => !isNew(one)),
    removed,
  );
  try {
    await change.finish(ready.filter(isNew));
  } catch (error) {
    await change.undo();
    throw error;
  } finally {
    await Promise.all(ready.map(({ prepared }) => prepared.close()));
  }
}

/** Creates and compiles all, or closes those which could be and rejects. */
async function readyAll(desired: readonly Desired[], fleet: Fleet): Promise<ReadyPipeline[]> {
  const tried = await Promise.allSettled(desired.map((one) => readyPipeline(one, fleet.context)));
  const ready = tried.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = tried.find((result) => result.status === "rejected");
  if (!failed) return ready;
  await Promise.all(ready.map(({ prepared }) => prepared.close()));
  throw failed.reason;
}

/** A change that is under way, and can be undone. */
class RunningChange {
  readonly #fleet: Fleet;
  readonly #log: Logger;
  readonly #drain: number;
  readonly #replaced: Replaced[] = [];
  readonly #removed: Desired[] = [];
  readonly #started: string[] = [];
  /** Pipelines that are to be started anew, since they had ended when they were to be replaced. */
  readonly #ended: ReadyPipeline[] = [];

  constructor(fleet: Fleet, drain: number) {
    this.#fleet = fleet;
    this.#log = fleet.context.log;
    this.#drain = drain;
  }

  /** Drains what is to be replaced and what is to go, all at once: their ports may be wanted by others. */
  async begin(changed: readonly ReadyPipeline[], removed: readonly string[]): Promise<void> {
    const replacing = changed.map((ready) => this.#retire(ready));
    await Promise.all([...replacing, ...removed.map((name) => this.#remove(name))]);
  }

  /** Starts what is new. Rejects when one of them cannot work. */
  async finish(added: readonly ReadyPipeline[]): Promise<void> {
    const resuming = this.#replaced.map(({ pipeline, ready }) => pipeline.resume(ready));
    const starting = this.#fleet.stopping ? [] : [...this.#ended, ...added].map((ready) => this.#start(ready));
    const resumed = await Promise.allSettled(resuming);
    const started = await Promise.allSettled(starting);
    const failed = [...resumed, ...started].find((result) => result.status === "rejected");
    if (!failed) return;
    if (!this.#fleet.stopping) throw failed.reason;
    // What could not go on has nothing left to drain.
    for (const { pipeline } of this.#replaced) pipeline.abandon(cannotGoOn(pipeline.spec.name, failed.reason));
  }

  /** Goes back to what ran before. */
  async undo(): Promise<void> {
    await Promise.all(this.#started.map((name) => this.#fleet.remove(name, this.#drain)));
    await Promise.all(this.#replaced.map(async ({ pipeline, before }) => pipeline.retire(before, this.#drain)));
    const resumed = this.#replaced.map(({ pipeline, before }) => this.#restore(pipeline, before));
    await Promise.all([...resumed, ...this.#removed.map((desired) => this.#restart(desired))]);
  }

  async #retire(ready: ReadyPipeline): Promise<void> {
    const { desired } = ready;
    const pipeline = this.#fleet.get(desired.spec.name);
    if (!pipeline) return;
    const before = pipeline.desired;
    if (await pipeline.retire(desired, this.#drain)) this.#replaced.push({ pipeline, before, ready });
    // Between two attempts of a pipeline that is started again by itself.
    else if (pipeline.running) pipeline.rename(desired);
    else this.#ended.push(ready);
  }

  async #remove(name: string): Promise<void> {
    const desired = this.#fleet.get(name)?.desired;
    const result = await this.#fleet.remove(name, this.#drain);
    if (desired) this.#removed.push(desired);
    if (result) logLedger(this.#log, result);
    const waiting = [...this.#fleet.context.state.waiting(name)].filter(([, events]) => events > 0);
    for (const [sink, events] of waiting) {
      const hint = "they are delivered when a pipeline and a sink of these names run again";
      this.#log.warn({ pipeline: name, sink, events, hint }, "events remain in a disk buffer of a removed pipeline");
    }
  }

  async #start(ready: ReadyPipeline): Promise<void> {
    const { name } = ready.desired.spec;
    const pipeline = await this.#fleet.start(ready);
    this.#started.push(name);
    const failure = await pipeline.settledIn();
    if (failure && !this.#fleet.stopping) throw failure;
  }

  async #restore(pipeline: LastingPipeline, before: Desired): Promise<void> {
    try {
      await pipeline.resume(await readyPipeline(before, this.#fleet.context));
    } catch (error) {
      if (!this.#fleet.stopping) this.#cannotGoBack(before, error);
      pipeline.abandon(cannotGoOn(before.spec.name, error));
    }
  }

  async #restart(desired: Desired): Promise<void> {
    try {
      await this.#fleet.start(await readyPipeline(desired, this.#fleet.context));
    } catch (error) {
      this.#cannotGoBack(desired, error);
    }
  }

  #cannotGoBack({ spec: { name: pipeline } }: Desired, error: unknown): void {
    this.#log.error({ pipeline, error: errorText(error) }, "the pipeline cannot be put back to what it was");
  }
}

function cannotGoOn(pipeline: string, cause: unknown): SluiceError {
  return new SluiceError("SLUICE_CONFIG", `pipeline ${pipeline} cannot go on: ${errorText(cause)}`, { cause });
}
