import type { ReloadHistory, ReloadOutcome, ReloadResult } from "@sluice/admin";
import { formatProblem } from "@sluice/config";
import { errorText, type Logger, SluiceError } from "@sluice/core";
import type { Fleet } from "../fleet.ts";
import { PATTERNS_DIR } from "../installation.ts";
import { readPatternFiles } from "../patterns.ts";
import { isError, type LoadedPipelines, loadPipelines } from "../pipelines.ts";
import { applyDifference } from "./apply.ts";
import { compare, type Difference } from "./compare.ts";
import { type Desired, desiredOf } from "./desired.ts";
import type { FileWatch } from "./watch.ts";

/** Pipelines as the files want them. */
interface Wanted {
  /** Those without an error. */
  readonly specs: readonly Desired[];
  readonly problems: LoadedPipelines["problems"];
}

export interface ReloaderOptions {
  readonly fleet: Fleet;
  /** Files and directories as the command line names them. */
  readonly paths: readonly string[];
  /** Milliseconds for draining what is replaced. */
  readonly drain: number;
  readonly log: Logger;
  /** Is told of the files that were read. */
  readonly watch?: FileWatch | undefined;
  /** Is called with the names of pipelines that are gone. */
  readonly gone?: (pipelines: readonly string[]) => void;
}

/** Reads what is to run. Rejects when a path does not exist. */
export async function readWanted({ paths, watch }: Pick<ReloaderOptions, "paths" | "watch">): Promise<Wanted> {
  const note = await watch?.mark();
  const patterns = await readPatternFiles();
  const { specs, problems, inputs } = await loadPipelines(paths, patterns, { diagnose: false });
  const pipelines = await Promise.all(specs.map((spec) => desiredOf(spec, patterns)));
  const files = pipelines.flatMap((pipeline) => pipeline.files);
  await note?.([...inputs, PATTERNS_DIR, ...Object.keys(patterns), ...files]);
  return { specs: pipelines, problems };
}

/** Reads the pipeline files again and makes the running pipelines what they say. One at a time; requests join. */
export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<ReloadResult> | undefined;
  #next: Promise<ReloadResult> | undefined;
  readonly #counts: Record<ReloadOutcome, number> = { changed: 0, unchanged: 0, failed: 0 };
  #last: ReloadHistory["last"];
  #successAt = Date.now();

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** What became of all reloads so far. */
  get history(): ReloadHistory {
    return { counts: { ...this.#counts }, last: this.#last, successAt: this.#successAt };
  }

  /** Reloads. Never rejects. Requests that come while one is under way share the next. */
  request(): Promise<ReloadResult> {
    if (!this.#running) return this.#begin();
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  #begin(): Promise<ReloadResult> {
    const running = this.#options.fleet.change(this.#reload());
    this.#running = running;
    void running.then(() => {
      if (this.#running === running) this.#running = undefined;
    });
    return running;
  }

  async #reload(): Promise<ReloadResult> {
    const result = await this.#attempt();
    this.#last = { at: Date.now(), result };
    this.#counts[result.result]++;
    if (result.ok) this.#successAt = Date.now();
    this.#tell(result);
    return result;
  }

  async #attempt(): Promise<ReloadResult> {
    const { fleet, drain } = this.#options;
    try {
      const wanted = await readWanted(this.#options);
      if (fleet.stopping) return failure(["sluice is about to end"]);
      const errors = wanted.problems.filter(isError);
      if (errors.length > 0) return failure(errors.map(formatProblem));
      for (const warning of wanted.problems) this.#options.log.warn({}, formatProblem(warning));
      const difference = compare(fleet.running(), wanted.specs);
      if (!isEmpty(difference)) fleet.context.state.flush();
      await applyDifference(fleet, difference, drain);
      fleet.sort(wanted.specs.map(({ spec }) => spec.name));
      this.#options.gone?.(difference.removed);
      return success(difference);
    } catch (error) {
      return failure(textsOf(error));
    }
  }

  #tell({ ok, result, problems, added, changed, removed }: ReloadResult): void {
    const { log } = this.#options;
    if (result === "unchanged") return log.info({}, "reloaded: the pipelines are as they were");
    if (ok) return log.info({ added, changed, removed }, "reloaded");
    const [first = "", ...others] = problems;
    const more = others.length > 0 ? ` (and ${others.length} more)` : "";
    log.error({ code: "SLUICE_CONFIG", problems }, `not reloaded, everything runs as before: ${first}${more}`);
  }
}

function isEmpty({ added, changed, removed }: Difference): boolean {
  return added.length + changed.length + removed.length === 0;
}

function success(difference: Difference): ReloadResult {
  const { added, changed, removed, unchanged } = difference;
  const names = (list: readonly Desired[]) => list.map(({ spec }) => spec.name);
  return {
    ok: true,
    result: isEmpty(difference) ? "unchanged" : "changed",
    added: names(added),
    changed: names(changed),
    removed,
    unchanged: names(unchanged),
    problems: [],
  };
}

function failure(problems: readonly string[]): ReloadResult {
  return { ok: false, result: "failed", added: [], changed: [], removed: [], unchanged: [], problems };
}

function textsOf(error: unknown): string[] {
  if (!(error instanceof SluiceError)) return [errorText(error)];
  return [error, ...error.also].map(({ message, hint }) => `${message}${hint ? ` (${hint})` : ""}`);
}
