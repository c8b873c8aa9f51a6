import type { Event } from "@sluice/core";
import type { Observation } from "@sluice/sampling";

/** An observation in Metricbeat's terms: `event.module: system` and the given dataset. */
export function observe(dataset: string, key: string, text: string, fields: Event): Observation {
  const [module = "system"] = dataset.split(".");
  return {
    dataset,
    key,
    text,
    fields: { "event.kind": "metric", "event.module": module, "event.dataset": dataset, ...fields },
  };
}
