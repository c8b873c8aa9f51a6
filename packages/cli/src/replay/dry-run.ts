import type { PipelineSpec, SinkSpec } from "@sluice/core";

/** The pipeline with its sinks replaced by one that prints what any of them would take. */
export function printingPipeline(spec: PipelineSpec): PipelineSpec {
  const conditions = spec.sinks.map(({ when }) => when);
  const all = spec.sinks.length === 0 || conditions.includes(undefined);
  const sink: SinkSpec = {
    name: "dry-run",
    type: "stdout",
    options: {},
    ...(!all && { when: conditions.map((when) => `(${when})`).join(" || ") }),
    batch: { events: 10_000, bytes: 1_048_576, age: 200 },
    retry: { initial: 100, max: 1000, attempts: "unlimited" },
    buffer: { type: "memory", size: 16_777_216, when_full: "block" },
  };
  return { ...spec, sinks: [sink] };
}
