import type { Observed, PipelineView, ReloadHistory, ReloadResult, StepView } from "@sluice/admin";
import type { PipelineSpec, StepSpec } from "@sluice/core";
import type { PipelineSnapshot, State } from "@sluice/runtime";
import { VERSION } from "./installation.ts";

/** A pipeline that can be looked at. */
export interface Watchable {
  readonly spec: PipelineSpec;
  readonly running: boolean;
  /** What its components warned about when they were created. */
  readonly warnings: readonly string[];
  snapshot(): PipelineSnapshot;
}

/** What reads the pipeline files again. */
export interface Reloads {
  readonly history: ReloadHistory;
  request(): Promise<ReloadResult>;
}

/** What the HTTP side sees of this process. */
export class RunningSluice implements Observed {
  readonly version = VERSION;
  readonly startedAt = Date.now() - process.uptime() * 1000;
  readonly #state: State;
  #pipelines: () => readonly Watchable[] = () => [];
  #reloads: Reloads | undefined;
  #started = false;

  constructor(state: State) {
    this.#state = state;
  }

  /** Shows pipelines, which may come and go. */
  show(pipelines: () => readonly Watchable[], reloads?: Reloads): void {
    this.#pipelines = pipelines;
    this.#reloads = reloads;
  }

  /** All pipelines have been started. */
  allStarted(): void {
    this.#started = true;
  }

  started(): boolean {
    return this.#started;
  }

  stateFailing(): boolean {
    return this.#state.failing;
  }

  stateLosses(): number {
    const { loss } = this.#state;
    return loss ? loss.earlier + 1 : 0;
  }

  pipelines(): PipelineView[] {
    return this.#pipelines().map((pipeline) => viewOf(pipeline, this.#lostNow()));
  }

  /** On the dashboard until the next start. */
  #lostNow(): string[] {
    const { loss } = this.#state;
    if (!loss || loss.at < this.startedAt) return [];
    return [`the state database was damaged (${loss.reason}) and set aside: everything is read again`];
  }

  reloads(): ReloadHistory | undefined {
    return this.#reloads?.history;
  }

  get reload(): (() => Promise<ReloadResult>) | undefined {
    const reloads = this.#reloads;
    return reloads && (() => reloads.request());
  }
}

function viewOf(pipeline: Watchable, losses: readonly string[]): PipelineView {
  const { spec, running, warnings } = pipeline;
  const { name, file, sources, steps, sinks } = spec;
  return {
    name,
    file,
    sources: sources.map((source) => ({ name: source.name, type: source.type })),
    steps: steps.map(stepView),
    sinks: sinks.map((sink) => ({ name: sink.name, type: sink.type })),
    warnings: [...unsanitized(spec), ...losses, ...warnings],
    running,
    snapshot: pipeline.snapshot(),
  };
}

/** Only what cannot be a secret is shown of a step: expressions and values may come out of the environment. */
function stepView({ type, options }: StepSpec, index: number): StepView {
  const parser = typeof options === "object" && options !== null && "parser" in options ? options["parser"] : options;
  const detail = type === "parse" || type === "sanitize" ? parser : undefined;
  return { name: `steps[${index}]`, type, label: typeof detail === "string" ? `${type} ${detail}` : type };
}

function unsanitized({ steps }: PipelineSpec): string[] {
  const off = steps.some(({ type, options }) => type === "sanitize" && options === "off");
  return off ? ["sanitize: off — secrets leave this pipeline as they were logged"] : [];
}
