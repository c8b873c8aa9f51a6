import { eachCount, eachPipeline, type MetricDefinition, type Sample } from "./metric.ts";

/** The ledger and the workers of each pipeline. The ledger counts since the state directory was made. */
export const PIPELINE_METRICS: readonly MetricDefinition[] = [
  {
    name: "pipeline_running",
    help: "1 while the pipeline runs, 0 once it has ended.",
    type: "gauge",
    read: (observed) => eachPipeline(observed, ({ running }) => (running ? 1 : 0)),
  },
  {
    name: "ledger_read_events_total",
    help: "Events that were read and are settled: delivered or dropped. Survives restarts.",
    type: "counter",
    read: (observed) => eachPipeline(observed, ({ snapshot }) => snapshot.total.in),
  },
  {
    name: "ledger_read_bytes_total",
    help: "Bytes of the records of settled events, without line ends. Survives restarts.",
    type: "counter",
    read: (observed) => eachPipeline(observed, ({ snapshot }) => snapshot.total.inBytes),
  },
  {
    name: "ledger_made_events_total",
    help: "Events that steps have made, by step: reports, notices, findings. Survives restarts.",
    type: "counter",
    read: (observed) => eachCount(observed, "step", ({ total }) => total.made),
  },
  {
    name: "ledger_delivered_events_total",
    help: "Events that every sink that wanted them has. Survives restarts.",
    type: "counter",
    read: (observed) => eachPipeline(observed, ({ snapshot }) => snapshot.total.delivered),
  },
  {
    name: "ledger_dropped_events_total",
    help: "Events that were not delivered, by reason. Survives restarts.",
    type: "counter",
    read: (observed) => eachCount(observed, "reason", ({ total }) => total.dropped),
  },
  {
    name: "ledger_buffered_events",
    help: "Events that came out of the steps and are not settled.",
    type: "gauge",
    read: (observed) => eachPipeline(observed, ({ snapshot }) => snapshot.buffered + snapshot.total.buffered),
  },
  {
    name: "tagged_events_total",
    help: "Events that went on although something went wrong, by tag. Survives restarts.",
    type: "counter",
    read: (observed) => eachCount(observed, "tag", ({ total }) => total.tagged),
  },
  {
    name: "sanitized_secrets_total",
    help: "Secrets taken out of events, by rule and action. Survives restarts.",
    type: "counter",
    read: (observed) =>
      eachCount(observed, "rule", ({ total }) => total.sanitized).map(([labels, value]): Sample => {
        const [rule = "", action = ""] = (labels["rule"] ?? "").split(":");
        return [{ ...labels, rule, action }, value];
      }),
  },
  {
    name: "adjusted_fields_total",
    help: "Fields that an encoder left out or changed, and keys that a step had to forget, by reason. Survives restarts.",
    type: "counter",
    read: (observed) => eachCount(observed, "reason", ({ total }) => total.adjusted),
  },
  {
    name: "pipeline_batch_seconds",
    help: "Batches in the steps, waiting for a worker included.",
    type: "histogram",
    read: (observed) =>
      observed.pipelines().map(({ name, snapshot }) => [{ pipeline: name }, snapshot.program] as const),
  },
  {
    name: "pipeline_open_batches",
    help: "Batches that were read and are not settled.",
    type: "gauge",
    read: (observed) => eachPipeline(observed, ({ snapshot }) => snapshot.openBatches),
  },
  {
    name: "workers",
    help: "Worker threads of the pipeline; 0 when its steps run in the main thread.",
    type: "gauge",
    read: (observed) => eachPipeline(observed, ({ snapshot }) => snapshot.workers.workers),
  },
  {
    name: "workers_ready",
    help: "Worker threads that take batches.",
    type: "gauge",
    read: (observed) => eachPipeline(observed, ({ snapshot }) => snapshot.workers.ready),
  },
  {
    name: "worker_busy_seconds_total",
    help: "Time in which the workers of the pipeline were not idle, all together.",
    type: "counter",
    read: (observed) => eachPipeline(observed, ({ snapshot }) => snapshot.workers.busySeconds),
  },
  {
    name: "worker_restarts_total",
    help: "Worker threads that had to be replaced.",
    type: "counter",
    read: (observed) => eachPipeline(observed, ({ snapshot }) => snapshot.workers.restarts),
  },
  {
    name: "worker_timeouts_total",
    help: "Records that took too long and were passed on unparsed.",
    type: "counter",
    read: (observed) => eachPipeline(observed, ({ snapshot }) => snapshot.workers.timeouts),
  },
];
