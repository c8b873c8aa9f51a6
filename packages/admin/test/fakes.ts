import { silentLogger } from "@sluice/core";
import type { PipelineSnapshot } from "@sluice/runtime";
import { type Observed, startAdmin } from "../src/index.ts";

type SinkSnapshot = PipelineSnapshot["sinks"][number];

const histogram = { bounds: [0.1, 1], counts: [3, 2, 1], sum: 4.5, count: 6 };
const backlog = { events: 7, bytes: 700, seconds: 1.5 };

export function sinkSnapshot(changes: Partial<SinkSnapshot> = {}): SinkSnapshot {
  return {
    name: "graylog",
    state: "writing",
    events: 100,
    inFlightBytes: 700,
    openWrites: 1,
    writes: 9,
    retries: 2,
    lastError: undefined,
    lastErrorAt: undefined,
    retryAt: undefined,
    errors: { ECONNREFUSED: 2 },
    buffer: { type: "memory", bytes: 700, limit: 1000 },
    flow: {
      received: { events: 100, bytes: 10_000 },
      delivered: { events: 90, bytes: 9000 },
      dropped: { dead_letter: 3 },
      backlog,
      backpressureSeconds: 0.25,
      writes: histogram,
      delivery: histogram,
    },
    ...changes,
  };
}

export function pipelineSnapshot(sink = sinkSnapshot()): PipelineSnapshot {
  const ledger = {
    in: 95,
    inBytes: 9500,
    made: { count: 1 },
    delivered: 90,
    buffered: 0,
    dropped: { drop: 2, dead_letter: 3 },
    tagged: { _parse_failure: 1 },
    sanitized: { "jwt:redact": 4 },
    adjusted: { null: 5 },
    sinks: {},
  };
  return {
    name: "web",
    ledger,
    total: ledger,
    buffered: 7,
    openBatches: 1,
    sources: [
      {
        name: "access",
        state: "running",
        batches: 4,
        bytes: 9900,
        inFlightBatches: 1,
        restarts: 1,
        lastError: undefined,
        events: 102,
        errors: { SLUICE_SOURCE: 1 },
        backlog: { ...backlog, events: 0 },
        backpressureSeconds: 0.5,
        delivery: histogram,
      },
    ],
    sinks: [sink],
    workers: { workers: 2, ready: 2, restarts: 0, timeouts: 0, open: 1, busySeconds: 12 },
    steps: { in: 102, kept: 100, dropped: { drop: 2 } },
    program: histogram,
  };
}

/** A running sluice with one pipeline, as far as the HTTP side can tell. */
export function observedSluice(snapshot = pipelineSnapshot(), changes: Partial<Observed> = {}): Observed {
  return {
    version: "1.2.3",
    startedAt: 1_700_000_000_000,
    started: () => true,
    stateFailing: () => false,
    stateLosses: () => 1,
    pipelines: () => [
      {
        name: snapshot.name,
        file: "pipelines/web.yaml",
        sources: [{ name: "access", type: "file" }],
        steps: [{ name: "steps[0]", type: "parse", label: "parse nginx" }],
        sinks: [{ name: "graylog", type: "gelf" }],
        warnings: [],
        running: true,
        snapshot,
      },
    ],
    reloads: () => ({ counts: { changed: 3, unchanged: 2, failed: 1 }, last: undefined, successAt: 1_700_000_000_000 }),
    ...changes,
  };
}

/** An HTTP side on a free port; closed when the test is over. */
export async function adminOf(observed = observedSluice(), options: { host?: string; token?: string } = {}) {
  const { host = "127.0.0.1", token } = options;
  const admin = await startAdmin({ address: { host, port: 0 }, token, observed, log: silentLogger });
  return { url: admin.url, [Symbol.asyncDispose]: () => admin.close() };
}
