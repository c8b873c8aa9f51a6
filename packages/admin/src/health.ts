import type { SinkSnapshot } from "@sluice/runtime";
import type { Observed } from "./view.ts";

/** Whether one sink can take events. */
interface SinkReadiness {
  readonly pipeline: string;
  readonly sink: string;
  readonly ready: boolean;
  readonly state: SinkSnapshot["state"];
  readonly reason?: string;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why not, where it is not a sink. */
  readonly reason?: string;
  readonly sinks: readonly SinkReadiness[];
}

/** Ready: every pipeline runs, and every sink is reachable or buffers below its limit. */
export function readiness(observed: Observed): Readiness {
  const pipelines = observed.pipelines();
  const sinks = pipelines.flatMap(({ name, snapshot }) => snapshot.sinks.map((sink) => readinessOf(name, sink)));
  const reason = reasonOf(observed);
  const ready = reason === undefined && sinks.every((sink) => sink.ready);
  return { ready, ...(reason !== undefined && { reason }), sinks };
}

function reasonOf(observed: Observed): string | undefined {
  if (!observed.started()) return "starting";
  if (observed.stateFailing()) return "the state database cannot be written";
  const ended = observed.pipelines().find(({ running }) => !running);
  return ended && `pipeline ${ended.name} has ended`;
}

function readinessOf(pipeline: string, { name, state, buffer, lastError }: SinkSnapshot): SinkReadiness {
  const full = buffer.bytes >= buffer.limit;
  const reachable = state === "idle" || state === "writing";
  const ready = state !== "closed" && (reachable || !full);
  const why = lastError ?? state;
  return { pipeline, sink: name, ready, state, ...(!ready && { reason: full ? `buffer full: ${why}` : why }) };
}
