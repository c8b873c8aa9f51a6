import type { PipelineStatus, SinkStatus, SourceStatus, Status, StepStatus } from "@sluice/admin";
import { harmlessLine } from "@sluice/core";
import { short, shortBytes, shortTime } from "./units.ts";

/** A component as a line of the table. */
export interface Row {
  readonly pipeline: string;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly inRate: number;
  readonly outRate: number;
  readonly dropped: number;
  readonly backlog: number;
  readonly backlogText: string;
  readonly wait: number;
  readonly latency: number | null;
  readonly errors: number;
  readonly note: string;
  /** Something is wrong with it. */
  readonly bad: boolean;
}

interface Column {
  readonly key: string;
  readonly title: string;
  readonly width: number;
  readonly text: (row: Row) => string;
  /** What it is sorted by; undefined: as in the pipeline file. */
  readonly by?: (row: Row) => number | string;
}

/** The columns, in order; `key` sorts by it. */
export const COLUMNS: readonly Column[] = [
  { key: "p", title: "PIPELINE", width: 18, text: (row) => row.pipeline },
  { key: "n", title: "COMPONENT", width: 18, text: (row) => row.name, by: (row) => row.name },
  { key: "k", title: "KIND", width: 12, text: (row) => row.kind, by: (row) => row.kind },
  { key: "s", title: "STATE", width: 10, text: (row) => row.state, by: (row) => row.state },
  { key: "i", title: "IN/s", width: 7, text: (row) => short(row.inRate), by: (row) => -row.inRate },
  { key: "o", title: "OUT/s", width: 7, text: (row) => short(row.outRate), by: (row) => -row.outRate },
  { key: "d", title: "DROPPED", width: 8, text: (row) => short(row.dropped), by: (row) => -row.dropped },
  { key: "b", title: "BACKLOG", width: 9, text: (row) => row.backlogText, by: (row) => -row.backlog },
  { key: "w", title: "WAIT", width: 5, text: (row) => `${Math.round(row.wait * 100)}%`, by: (row) => -row.wait },
  { key: "l", title: "P95", width: 8, text: (row) => shortTime(row.latency), by: (row) => -(row.latency ?? 0) },
  { key: "e", title: "ERRORS", width: 7, text: (row) => short(row.errors), by: (row) => -row.errors },
  { key: "", title: "", width: 0, text: (row) => row.note },
];

/** All components, in the order of the pipeline files or sorted by a column. */
export function rowsOf(status: Status, sortKey: string, reverse: boolean): Row[] {
  const rows = status.pipelines.flatMap(pipelineRows);
  const by = COLUMNS.find(({ key }) => key === sortKey)?.by;
  if (by) rows.sort((a, b) => compare(by(a), by(b)));
  return reverse ? rows.toReversed() : rows;
}

/** Two lines about all of it. */
export function headLines({ version, now, startedAt, process, pipelines, readiness, alertCount }: Status): string[] {
  const sum = (value: (pipeline: PipelineStatus) => number): number => pipelines.reduce((all, p) => all + value(p), 0);
  const dropped = sum(({ ledger }) => Object.values(ledger.dropped).reduce((all, n) => all + n, 0));
  const ready = readiness.ready ? "ready" : `NOT READY: ${whyNot(readiness)}`;
  const first = `sluice ${version} · up ${shortTime((now - startedAt) / 1000)} · ${ready}`;
  const load = `cpu ${Math.round(process.cpu * 100)}% · ${shortBytes(process.memoryBytes)} · alerts ${short(alertCount)}`;
  const books = `in ${short(sum((p) => p.ledger.in))} = delivered ${short(sum((p) => p.ledger.delivered))} + dropped ${short(dropped)} + buffered ${short(sum((p) => p.ledger.buffered))}`;
  return [
    harmlessLine(`${first} · ${load}`),
    `${books} · now ${short(sum((p) => p.inRate))}/s in, ${short(sum((p) => p.outRate))}/s out`,
  ];
}

/** One line of the table, cut or filled to the width. */
export function tableLine(cells: readonly string[], width: number): string {
  const line = COLUMNS.map(({ width: own }, i) => (own === 0 ? cells[i] : fit(cells[i] ?? "", own))).join(" ");
  return fit(line, width);
}

/** A text of exactly this many characters. What a far end has said may be among it: a terminal must not obey that. */
export function fit(text: string, width: number): string {
  const line = harmlessLine(text);
  const characters = Array.from(line);
  return characters.length > width ? `${characters.slice(0, Math.max(0, width - 1)).join("")}…` : line.padEnd(width);
}

function whyNot({ reason, sinks }: Status["readiness"]): string {
  return reason ?? sinks.find(({ ready }) => !ready)?.reason ?? "";
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function pipelineRows(pipeline: PipelineStatus): Row[] {
  let rate = pipeline.inRate;
  return [
    ...pipeline.sources.map((source) => sourceRow(pipeline, source)),
    ...pipeline.steps.map((step) => {
      const row = stepRow(pipeline, step, rate);
      rate = row.outRate;
      return row;
    }),
    ...pipeline.sinks.map((sink) => sinkRow(pipeline, sink)),
  ];
}

function sourceRow({ name: pipeline, latency }: PipelineStatus, source: SourceStatus): Row {
  return {
    pipeline,
    name: source.name,
    kind: source.type,
    state: source.state,
    inRate: source.eventRate,
    outRate: source.eventRate,
    dropped: 0,
    backlog: source.backlogBytes,
    backlogText: shortBytes(source.backlogBytes).replace(" ", ""),
    wait: source.waiting,
    latency: latency.p95,
    errors: source.errors,
    note: source.lastError ?? "",
    bad: source.state === "failed" || source.state === "restarting",
  };
}

function stepRow({ name: pipeline, workers }: PipelineStatus, step: StepStatus, inRate: number): Row {
  return {
    pipeline,
    name: step.name,
    kind: step.label,
    state: workers.ready === 0 ? "starting" : "running",
    inRate,
    outRate: Math.max(0, inRate - step.dropRate),
    dropped: step.dropped,
    backlog: 0,
    backlogText: "",
    wait: 0,
    latency: null,
    errors: 0,
    note: "",
    bad: false,
  };
}

function sinkRow({ name: pipeline }: PipelineStatus, sink: SinkStatus): Row {
  const failing = sink.state === "retrying" || (sink.state === "starting" && sink.lastError !== undefined);
  const retryIn =
    sink.retryAt === undefined ? "" : `again in ${shortTime(Math.max(0, sink.retryAt - Date.now()) / 1000)}: `;
  return {
    pipeline,
    name: sink.name,
    kind: sink.type,
    state: sink.state,
    inRate: sink.inRate,
    outRate: sink.outRate,
    dropped: sink.dropped,
    backlog: sink.backlogEvents,
    backlogText: short(sink.backlogEvents),
    wait: sink.waiting,
    latency: sink.latency.p95,
    errors: Object.values(sink.errors).reduce((sum, n) => sum + n, 0),
    note: failing ? `${retryIn}${sink.lastError ?? ""}` : "",
    bad: failing,
  };
}
