import type { HistogramSnapshot, PipelineSnapshot } from "@sluice/runtime";
import type { Observed, PipelineView } from "../view.ts";

export type Labels = Readonly<Record<string, string>>;

/** One line of a counter or gauge. */
export type Sample = readonly [labels: Labels, value: number];

/** A metric: what it means, and how it is read off the running sluice when somebody scrapes. */
export type MetricDefinition = {
  /** Without the prefix `sluice_`, after the naming rules of Prometheus: unit last, `_total` for counters. */
  readonly name: string;
  readonly help: string;
} & (
  | { readonly type: "counter" | "gauge"; readonly read: (observed: Observed) => Iterable<Sample> }
  | {
      readonly type: "histogram";
      readonly read: (observed: Observed) => Iterable<readonly [Labels, HistogramSnapshot]>;
    }
);

/** What names a component in every metric. */
interface Component {
  readonly labels: Labels;
}

export interface SourceOf extends Component {
  readonly source: PipelineSnapshot["sources"][number];
}

export interface SinkOf extends Component {
  readonly sink: PipelineSnapshot["sinks"][number];
}

type Kind = "source" | "step" | "sink";

function labelsOf(pipeline: string, component: string, kind: Kind, type: string): Labels {
  return { pipeline, component, kind, type };
}

/** All sources of all pipelines. */
export function sourcesOf(observed: Observed): SourceOf[] {
  return observed.pipelines().flatMap(({ name, sources, snapshot }) =>
    snapshot.sources.map((source) => ({
      source,
      labels: labelsOf(name, source.name, "source", typeIn(sources, source.name)),
    })),
  );
}

/** All sinks of all pipelines. */
export function sinksOf(observed: Observed): SinkOf[] {
  return observed
    .pipelines()
    .flatMap(({ name, sinks, snapshot }) =>
      snapshot.sinks.map((sink) => ({ sink, labels: labelsOf(name, sink.name, "sink", typeIn(sinks, sink.name)) })),
    );
}

/** Events that steps dropped. The ledger names a drop by the step's type; of several with one type, the first has them. */
export function stepDrops(observed: Observed): Sample[] {
  return observed.pipelines().flatMap(({ name, steps, snapshot }) =>
    Object.entries(snapshot.steps.dropped).map(([reason, n]): Sample => {
      const step = steps.find(({ type }) => type === reason);
      return [{ ...labelsOf(name, step?.name ?? "steps", "step", step?.type ?? ""), reason }, n];
    }),
  );
}

/** A value for each pipeline. */
export function eachPipeline(observed: Observed, value: (view: PipelineView) => number): Sample[] {
  return observed.pipelines().map((view) => [{ pipeline: view.name }, value(view)]);
}

/** A value for each name in counts of each pipeline. */
export function eachCount(
  observed: Observed,
  label: string,
  counts: (snapshot: PipelineSnapshot) => Readonly<Record<string, number>>,
): Sample[] {
  return observed.pipelines().flatMap(({ name, snapshot }) => named({ pipeline: name }, label, counts(snapshot)));
}

/** Counts by name as samples with one more label. */
export function named(labels: Labels, label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([name, value]) => [{ ...labels, [label]: name }, value]);
}

function typeIn(components: PipelineView["sources"], name: string): string {
  return components.find((component) => component.name === name)?.type ?? "";
}
