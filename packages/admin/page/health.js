import { duration, number } from "./format.js";

/** Reasons of the ledger under which events are gone, not chosen to be dropped. */
export const LOSSES = new Set([
  "buffer_full",
  "buffer_lost",
  "delivery_failed",
  "docker_events_unreadable",
  "gelf_chunks_incomplete",
  "given_up",
  "killed",
  "udp_buffer_full",
  "udp_kernel_buffer_full",
]);
/** Seconds after which a sink that delivers nothing is called stuck. */
const STUCK = 10;

export function sinkState(sink) {
  if (isFailing(sink)) return "bad";
  if (sink.backlogSeconds > STUCK && sink.outRate === 0 && sink.type !== "s3") return "warn";
  return sink.waiting > 0.5 ? "warn" : "good";
}

export function isFailing({ state, lastError }) {
  return state === "retrying" || (state === "starting" && lastError !== undefined);
}

export function sinkWord(sink) {
  if (sink.state === "retrying") return "cannot deliver";
  if (sink.state === "starting") return sink.lastError ? "cannot start" : "starting";
  return sinkState(sink) === "warn" ? "slow" : sink.state === "closed" ? "closed" : sink.state;
}

export function sourceState({ state, waiting }) {
  if (state === "failed" || state === "restarting") return "bad";
  return waiting > 0.5 ? "warn" : "good";
}

/** `again in 4 s`, or nothing. */
export function retryText({ retryAt }, now) {
  return retryAt === undefined ? "" : `again in ${Math.max(0, Math.ceil((retryAt - now) / 1000))} s`;
}

/** One sentence about everything: what somebody who passes by should know. */
export function verdictOf({ pipelines, readiness }) {
  const sinks = pipelines.flatMap((pipeline) => pipeline.sinks.map((sink) => ({ ...sink, pipeline: pipeline.name })));
  const sources = pipelines.flatMap((pipeline) => pipeline.sources);
  const failing = sinks.filter(isFailing);
  if (failing.length > 0) return failingVerdict(failing);
  const broken = sources.find((source) => sourceState(source) === "bad");
  if (broken) return ["bad", `Source ${broken.name} fails: ${broken.lastError ?? broken.state}`];
  const ended = pipelines.find(({ running }) => !running);
  if (ended) return ["warn", `Pipeline ${ended.name} has ended`];
  if (!readiness.ready) return ["warn", `Not ready: ${readiness.reason ?? "a buffer is full"}`];
  const slow = sinks.find((sink) => sinkState(sink) === "warn");
  if (slow)
    return [
      "warn",
      `${slow.name} is slow: ${number(slow.backlogEvents)} events wait, the oldest for ${duration(slow.backlogSeconds)}`,
    ];
  const rate = pipelines.reduce((all, { inRate }) => all + inRate, 0);
  return ["good", rate > 0 ? "Everything flows" : "Everything is delivered; no new events"];
}

function failingVerdict(failing) {
  const names = failing.map(({ name }) => name).join(", ");
  const waiting = failing.reduce((all, { backlogEvents }) => all + backlogEvents, 0);
  const lossy = failing.some(({ dropped }) => dropped > 0);
  return ["bad", `${names} cannot deliver: ${number(waiting)} events wait${lossy ? "" : ", none is lost"}`];
}
