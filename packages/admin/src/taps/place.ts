import type { TapRequest } from "@sluice/core";
import type { PipelineView } from "../view.ts";

/** Where in a pipeline somebody looks. */
export interface Place {
  readonly pipeline: string;
  readonly at: TapRequest["at"];
  /** Only batches of this source. */
  readonly source?: string;
}

/** What a pipeline is made of, as far as places are named by it. */
export type Outline = Pick<PipelineView, "name" | "sources" | "steps" | "sinks">;

/**
 * The places that a name means: a pipeline (its events after all steps), a source, a step (`steps[1]`, or its type), a
 * sink; `PIPELINE/NAME` where several pipelines have it. All pipelines without a name.
 */
export function placesOf(pipelines: readonly Outline[], name: string | undefined): Place[] {
  if (name === undefined || name === "") return pipelines.map((pipeline) => ({ pipeline: pipeline.name, at: "kept" }));
  return pipelines.flatMap((pipeline) => {
    if (name === pipeline.name) return [{ pipeline: pipeline.name, at: "kept" as const }];
    const own = name.startsWith(`${pipeline.name}/`) ? name.slice(pipeline.name.length + 1) : name;
    const place = placeIn(pipeline, own);
    return place ? [place] : [];
  });
}

/** Every name that {@link placesOf} knows. */
export function namesOf(pipelines: readonly Outline[]): string[] {
  return pipelines.flatMap(({ name, sources, steps, sinks }) => [
    name,
    ...[...sources, ...steps, ...sinks].map((component) => `${name}/${component.name}`),
  ]);
}

function placeIn({ name: pipeline, sources, steps, sinks }: Outline, name: string): Place | undefined {
  if (sources.some((source) => source.name === name)) return { pipeline, at: { steps: 0 }, source: name };
  const sink = sinks.findIndex((candidate) => candidate.name === name);
  if (sink >= 0) return { pipeline, at: { sink } };
  const step = steps.findIndex((candidate) => candidate.name === name || candidate.type === name);
  return step >= 0 ? { pipeline, at: { steps: step + 1 } } : undefined;
}
