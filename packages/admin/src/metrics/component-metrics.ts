import { type MetricDefinition, named, sinksOf, sourcesOf, stepDrops } from "./metric.ts";

/** What every component counts, under the same names. Sources receive records and send events; sinks receive frames. */
export const COMPONENT_METRICS: readonly MetricDefinition[] = [
  {
    name: "component_received_events_total",
    help: "Events that came into the component.",
    type: "counter",
    read: (observed) => [
      ...sourcesOf(observed).map(({ labels, source }) => [labels, source.events] as const),
      ...sinksOf(observed).map(({ labels, sink }) => [labels, sink.flow.received.events] as const),
    ],
  },
  {
    name: "component_received_bytes_total",
    help: "Bytes that came into the component: as read by a source, as encoded for a sink.",
    type: "counter",
    read: (observed) => [
      ...sourcesOf(observed).map(({ labels, source }) => [labels, source.bytes] as const),
      ...sinksOf(observed).map(({ labels, sink }) => [labels, sink.flow.received.bytes] as const),
    ],
  },
  {
    name: "component_sent_events_total",
    help: "Events that left the component: into the steps for a source, delivered and confirmed for a sink.",
    type: "counter",
    read: (observed) => [
      ...sourcesOf(observed).map(({ labels, source }) => [labels, source.events] as const),
      ...sinksOf(observed).map(({ labels, sink }) => [labels, sink.flow.delivered.events] as const),
    ],
  },
  {
    name: "component_sent_bytes_total",
    help: "Bytes that the sink has delivered, frames with their delimiters.",
    type: "counter",
    read: (observed) => sinksOf(observed).map(({ labels, sink }) => [labels, sink.flow.delivered.bytes]),
  },
  {
    name: "component_dropped_events_total",
    help: "Events that a step dropped, or that a sink did not take, by reason.",
    type: "counter",
    read: (observed) => [
      ...stepDrops(observed),
      ...sinksOf(observed).flatMap(({ labels, sink }) => named(labels, "reason", sink.flow.dropped)),
    ],
  },
  {
    name: "component_errors_total",
    help: "Errors of the component, by code; docs/reference/errors.md lists sluice's own.",
    type: "counter",
    read: (observed) => [
      ...sourcesOf(observed).flatMap(({ labels, source }) => named(labels, "code", source.errors)),
      ...sinksOf(observed).flatMap(({ labels, sink }) => named(labels, "code", sink.errors)),
    ],
  },
  {
    name: "component_retries_total",
    help: "Writes that a sink offered again, and starts of a source after a failure.",
    type: "counter",
    read: (observed) => [
      ...sourcesOf(observed).map(({ labels, source }) => [labels, source.restarts] as const),
      ...sinksOf(observed).map(({ labels, sink }) => [labels, sink.retries] as const),
    ],
  },
  {
    name: "component_backpressure_seconds_total",
    help: "Time in which the source had to wait for room, or the pipeline for this sink.",
    type: "counter",
    read: (observed) => [
      ...sourcesOf(observed).map(({ labels, source }) => [labels, source.backpressureSeconds] as const),
      ...sinksOf(observed).map(({ labels, sink }) => [labels, sink.flow.backpressureSeconds] as const),
    ],
  },
  {
    name: "component_backlog_events",
    help: "Events that the sink was given and has not settled.",
    type: "gauge",
    read: (observed) => sinksOf(observed).map(({ labels, sink }) => [labels, sink.flow.backlog.events]),
  },
  {
    name: "component_backlog_bytes",
    help: "Bytes that a source has emitted, or a sink was given, and that are not settled.",
    type: "gauge",
    read: (observed) => [
      ...sourcesOf(observed).map(({ labels, source }) => [labels, source.backlog.bytes] as const),
      ...sinksOf(observed).map(({ labels, sink }) => [labels, sink.flow.backlog.bytes] as const),
    ],
  },
  {
    name: "component_backlog_seconds",
    help: "Age of the oldest batch that is not settled; 0 when there is none.",
    type: "gauge",
    read: (observed) => [
      ...sourcesOf(observed).map(({ labels, source }) => [labels, source.backlog.seconds] as const),
      ...sinksOf(observed).map(({ labels, sink }) => [labels, sink.flow.backlog.seconds] as const),
    ],
  },
  {
    name: "component_delivery_seconds",
    help: "From a batch being read until all sinks have settled it; for a sink, from the steps until it has settled it.",
    type: "histogram",
    read: (observed) => [
      ...sourcesOf(observed).map(({ labels, source }) => [labels, source.delivery] as const),
      ...sinksOf(observed).map(({ labels, sink }) => [labels, sink.flow.delivery] as const),
    ],
  },
  {
    name: "component_write_seconds",
    help: "Single writes of a sink that succeeded.",
    type: "histogram",
    read: (observed) => sinksOf(observed).map(({ labels, sink }) => [labels, sink.flow.writes]),
  },
  {
    name: "component_state",
    help: "1 for the state that the component is in.",
    type: "gauge",
    read: (observed) => [
      ...sourcesOf(observed).map(({ labels, source }) => [{ ...labels, state: source.state }, 1] as const),
      ...sinksOf(observed).map(({ labels, sink }) => [{ ...labels, state: sink.state }, 1] as const),
    ],
  },
  {
    name: "buffer_size_bytes",
    help: "Bytes in the buffer of a sink.",
    type: "gauge",
    read: (observed) =>
      sinksOf(observed).map(({ labels, sink: { buffer } }) => [{ ...labels, buffer: buffer.type }, buffer.bytes]),
  },
  {
    name: "buffer_limit_bytes",
    help: "Bytes that the buffer of a sink may hold.",
    type: "gauge",
    read: (observed) =>
      sinksOf(observed).map(({ labels, sink: { buffer } }) => [{ ...labels, buffer: buffer.type }, buffer.limit]),
  },
];
