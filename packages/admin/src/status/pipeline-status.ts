import type { PipelineSnapshot } from "@sluice/runtime";
import type { PipelineView, StepView } from "../view.ts";
import { joined, latencyBetween } from "./latency.ts";
import type { LedgerStatus, PipelineStatus, SinkStatus, SourceStatus, StepStatus } from "./status.ts";

/** A snapshot and, some seconds before it, another one of the same pipeline. */
export interface Span {
  readonly view: PipelineView;
  readonly before: PipelineSnapshot | undefined;
  /** Between them. */
  readonly seconds: number;
}

/** What happened in a second, from two counts; nothing when a pipeline was started again in between. */
type Rate = (after: number, before: number | undefined) => number;

/** What is told of a pipeline. */
export function pipelineStatus({ view, before, seconds }: Span): PipelineStatus {
  const { name, file, running, warnings, snapshot } = view;
  const rate: Rate = (after, was) => (was === undefined || seconds <= 0 ? 0 : Math.max(0, after - was) / seconds);
  const sources = snapshot.sources.map((_, index) => sourceStatus(view, before, index, rate));
  const steps = view.steps.map((step, index) => stepStatus(view, step, index, before, rate));
  const sinks = snapshot.sinks.map((_, index) => sinkStatus(view, before, index, rate));
  const ended = joined(snapshot.sources.map(({ delivery }) => delivery));
  const earlier = before && joined(before.sources.map(({ delivery }) => delivery));
  const { workers } = snapshot;
  return {
    name,
    file,
    running,
    warnings,
    sources,
    steps,
    sinks,
    ledger: ledgerStatus(snapshot),
    inRate: sources.reduce((sum, { eventRate }) => sum + eventRate, 0),
    outRate: rate(snapshot.ledger.delivered, before?.ledger.delivered),
    dropRate: rate(lostIn(snapshot), before && lostIn(before)),
    latency: ended ? latencyBetween(earlier, ended) : { p50: null, p95: null },
    workers: {
      count: workers.workers,
      ready: workers.ready,
      busy: rate(workers.busySeconds, before?.workers.busySeconds),
      restarts: workers.restarts,
    },
  };
}

function ledgerStatus({ total, buffered: inFlight }: PipelineSnapshot): LedgerStatus {
  const { in: read, inBytes, made, delivered, dropped, tagged, sanitized } = total;
  // What is in flight is in no books yet; what lies in disk buffers is.
  const buffered = inFlight + total.buffered;
  return { in: read + inFlight, inBytes, made, delivered, dropped, tagged, sanitized, buffered };
}

function sourceStatus(
  view: PipelineView,
  before: PipelineSnapshot | undefined,
  index: number,
  rate: Rate,
): SourceStatus {
  const source = view.snapshot.sources[index] as PipelineSnapshot["sources"][number];
  const was = before?.sources.find((known) => known.name === source.name);
  const { name, state, events, bytes, backlog, restarts, lastError } = source;
  return {
    name,
    type: view.sources.find((known) => known.name === name)?.type ?? "",
    state,
    events,
    bytes,
    eventRate: rate(events, was?.events),
    byteRate: rate(bytes, was?.bytes),
    backlogBytes: backlog.bytes,
    backlogSeconds: backlog.seconds,
    errors: totalOf(source.errors),
    restarts,
    lastError,
    waiting: Math.min(1, rate(source.backpressureSeconds, was?.backpressureSeconds)),
  };
}

/** The ledger counts drops by reason, which is the step's type; of several with one type, the first shows them. */
function stepStatus(
  { steps, snapshot }: PipelineView,
  step: StepView,
  index: number,
  before: PipelineSnapshot | undefined,
  rate: Rate,
): StepStatus {
  const isFirst = steps.findIndex(({ type }) => type === step.type) === index;
  const dropped = isFirst ? (snapshot.steps.dropped[step.type] ?? 0) : 0;
  return { ...step, dropped, dropRate: isFirst ? rate(dropped, before && (before.steps.dropped[step.type] ?? 0)) : 0 };
}

function sinkStatus(view: PipelineView, before: PipelineSnapshot | undefined, index: number, rate: Rate): SinkStatus {
  const sink = view.snapshot.sinks[index] as PipelineSnapshot["sinks"][number];
  const was = before?.sinks.find((known) => known.name === sink.name)?.flow;
  const { name, state, buffer, errors, retries, retryAt, lastError, lastErrorAt, flow } = sink;
  return {
    name,
    type: view.sinks.find((known) => known.name === name)?.type ?? "",
    state,
    events: flow.received.events,
    delivered: flow.delivered.events,
    inRate: rate(flow.received.events, was?.received.events),
    outRate: rate(flow.delivered.events, was?.delivered.events),
    byteRate: rate(flow.delivered.bytes, was?.delivered.bytes),
    dropped: totalOf(flow.dropped),
    backlogEvents: flow.backlog.events,
    backlogBytes: flow.backlog.bytes,
    backlogSeconds: flow.backlog.seconds,
    buffer,
    errors,
    retries,
    retryAt,
    lastError,
    lastErrorAt,
    latency: latencyBetween(was?.delivery, flow.delivery),
    waiting: Math.min(1, rate(flow.backpressureSeconds, was?.backpressureSeconds)),
  };
}

/** Dropped by the steps, and by the sinks. */
function lostIn({ steps, sinks }: PipelineSnapshot): number {
  return sinks.reduce((sum, { flow }) => sum + totalOf(flow.dropped), totalOf(steps.dropped));
}

function totalOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}
