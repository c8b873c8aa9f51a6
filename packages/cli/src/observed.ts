import type { Observed, PipelineView, StepView } from "@sluice/admin";
import type { PipelineSpec, StepSpec } from "@sluice/core";
import type { PipelineSnapshot, State } from "@sluice/runtime";
import { VERSION } from "./installation.ts";

/** A pipeline that can be looked at. */
export interface Watchable {
  readonly spec: PipelineSpec;
  readonly running: boolean;
  snapshot(): PipelineSnapshot;
}

/** What the HTTP side sees of this process. */
export class RunningSluice implements Observed {
  readonly version = VERSION;
  readonly startedAt = Date.now() - process.uptime() * 1000;
  readonly #state: State;
  readonly #pipelines: Watchable[] = [];
  readonly #warnings = new Map<string, string[]>();
  #started = false;

  constructor(state: State) {
    this.#state = state;
  }

  add(pipeline: Watchable): void {
    this.#pipelines.push(pipeline);
  }

  /** Enters what a component warned about. */
  readonly warned = (pipeline: string, component: string, message: string): void => {
    const warnings = this.#warnings.get(pipeline) ?? [];
    this.#warnings.set(pipeline, [...new Set([...warnings, `${component}: ${message}`])]);
  };

  /** All pipelines have been added. */
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
    return this.#pipelines.map((pipeline) => this.#view(pipeline));
  }

  /** On the dashboard until the next start. */
  #lostNow(): string[] {
    const { loss } = this.#state;
    if (!loss || loss.at < this.startedAt) return [];
    return [`the state database was damaged (${loss.reason}) and set aside: everything is read again`];
  }

  #view(pipeline: Watchable): PipelineView {
    const { spec, running } = pipeline;
    const { name, file, sources, steps, sinks } = spec;
    return {
      name,
      file,
      sources: sources.map((source) => ({ name: source.name, type: source.type })),
      steps: steps.map(stepView),
      sinks: sinks.map((sink) => ({ name: sink.name, type: sink.type })),
      warnings: [...unsanitized(spec), ...this.#lostNow(), ...(this.#warnings.get(name) ?? [])],
      running,
      snapshot: pipeline.snapshot(),
    };
  }
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
