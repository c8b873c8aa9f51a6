import type { HistogramSnapshot } from "@sluice/runtime";
import { type Metric, Registry } from "prom-client";
import type { Observed } from "../view.ts";
import { COMPONENT_METRICS } from "./component-metrics.ts";
import type { Labels, MetricDefinition } from "./metric.ts";
import { PIPELINE_METRICS } from "./pipeline-metrics.ts";
import { PROCESS_METRICS } from "./process-metrics.ts";

/** All metrics; the reference page is made from them. */
export const METRICS: readonly MetricDefinition[] = [...COMPONENT_METRICS, ...PIPELINE_METRICS, ...PROCESS_METRICS];

/** The prefix of all names. */
export const PREFIX = "sluice_";

interface Line {
  readonly metricName: string;
  readonly labels: Labels;
  readonly value: number;
}

/** What `GET /metrics` says, in the text format of Prometheus. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Reads everything off the running sluice at each scrape: nothing is counted twice, nothing is kept. */
export function createMetrics(observed: Observed): Metrics {
  const registry = new Registry();
  for (const definition of METRICS) registry.registerMetric(fromSnapshot(definition, observed));
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

/** prom-client's own metrics are counted up; these are read when they are asked for. It needs no more than `get`. */
function fromSnapshot(definition: MetricDefinition, observed: Observed): Metric {
  const { help, type } = definition;
  const name = PREFIX + definition.name;
  const get = async () => ({ name, help, type, aggregator: "sum", values: linesOf(definition, name, observed) });
  return { name, help, get } as unknown as Metric;
}

function linesOf(definition: MetricDefinition, name: string, observed: Observed): Line[] {
  if (definition.type === "histogram") {
    return [...definition.read(observed)].flatMap(([labels, histogram]) => bucketLines(name, labels, histogram));
  }
  return [...definition.read(observed)].map(([labels, value]) => ({ metricName: name, labels, value }));
}

function bucketLines(name: string, labels: Labels, { bounds, counts, sum, count }: HistogramSnapshot): Line[] {
  let below = 0;
  const buckets = bounds.map((bound, index) => {
    below += counts[index] as number;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bound) }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
