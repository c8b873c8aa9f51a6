import {
  type Registry,
  type SinkDefinition,
  SluiceError,
  type SourceDefinition,
  type StepDefinition,
} from "@sluice/core";

// One line a component. A package is loaded when a pipeline first names its component.

const sources: Record<string, () => Promise<unknown>> = {
  check: async () => (await import("@sluice/source-check")).checkSource,
  docker_events: async () => (await import("@sluice/source-docker")).dockerEventsSource,
  docker_logs: async () => (await import("@sluice/source-docker")).dockerLogsSource,
  exec: async () => (await import("@sluice/source-exec")).execSource,
  file: async () => (await import("@sluice/source-file")).fileSource,
  host: async () => (await import("@sluice/source-host")).hostSource,
  journald: async () => (await import("@sluice/source-exec")).journaldSource,
  nats: async () => (await import("@sluice/source-nats")).natsSource,
  s3: async () => (await import("@sluice/source-s3")).s3Source,
  gelf: async () => (await import("@sluice/source-socket")).gelfSource,
  stdin: async () => (await import("@sluice/source-stdin")).stdinSource,
  tcp: async () => (await import("@sluice/source-socket")).tcpSource,
  udp: async () => (await import("@sluice/source-socket")).udpSource,
};

const steps: Record<string, () => Promise<unknown>> = {
  parse: async () => (await import("@sluice/step-parse")).parseStep,
  sanitize: async () => (await import("@sluice/step-sanitize")).sanitizeStep,
  keep: async () => (await import("@sluice/step-fields")).keepStep,
  drop: async () => (await import("@sluice/step-fields")).dropStep,
  set: async () => (await import("@sluice/step-fields")).setStep,
  remove: async () => (await import("@sluice/step-fields")).removeStep,
  rename: async () => (await import("@sluice/step-fields")).renameStep,
  convert: async () => (await import("@sluice/step-fields")).convertStep,
  timestamp: async () => (await import("@sluice/step-fields")).timestampStep,
  dedupe: async () => (await import("@sluice/step-flow")).dedupeStep,
  throttle: async () => (await import("@sluice/step-flow")).throttleStep,
  sample: async () => (await import("@sluice/step-flow")).sampleStep,
  sequence: async () => (await import("@sluice/step-flow")).sequenceStep,
  count: async () => (await import("@sluice/step-flow")).countStep,
  multiline: async () => (await import("@sluice/step-flow")).multilineStep,
};

const sinks: Record<string, () => Promise<unknown>> = {
  gelf: async () => (await import("@sluice/sink-gelf")).gelfSink,
  file: async () => (await import("@sluice/sink-file")).fileSink,
  stdout: async () => (await import("@sluice/sink-file")).stdoutSink,
  http: async () => (await import("@sluice/sink-http")).httpSink,
  nats: async () => (await import("@sluice/sink-nats")).natsSink,
  s3: async () => (await import("@sluice/sink-s3")).s3Sink,
};

async function load<T>(table: Record<string, () => Promise<unknown>>, kind: string, type: string): Promise<T> {
  const loader = Object.hasOwn(table, type) ? table[type] : undefined;
  if (loader) return (await loader()) as T;
  throw new SluiceError("SLUICE_CONFIG", `there is no ${kind} \`${type}\``, {
    hint: `known ones: ${Object.keys(table).sort().join(", ")}`,
  });
}

/** All components of sluice. */
export const registry: Registry = {
  sourceTypes: Object.keys(sources),
  stepTypes: Object.keys(steps),
  sinkTypes: Object.keys(sinks),
  source: (type) => load<SourceDefinition>(sources, "source", type),
  step: (type) => load<StepDefinition>(steps, "step", type),
  sink: (type) => load<SinkDefinition>(sinks, "sink", type),
};
