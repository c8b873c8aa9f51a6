import { expect, test } from "vitest";
import { readiness } from "../src/health.ts";
import { observedSluice, pipelineSnapshot, sinkSnapshot } from "./fakes.ts";

const withSink = (changes: object) => observedSluice(pipelineSnapshot(sinkSnapshot(changes)));
const full = { buffer: { type: "memory", bytes: 1000, limit: 1000 } };

test("a sink that works is ready, also with a full buffer", () => {
  expect(readiness(withSink({ state: "writing", ...full }))).toMatchObject({ ready: true });
});

test("a sink that cannot be reached is ready while its buffer has room", () => {
  const failing = { state: "retrying", lastError: "connect ECONNREFUSED" };
  expect(readiness(withSink(failing)).ready).toBe(true);
  expect(readiness(withSink({ ...failing, ...full }))).toMatchObject({
    ready: false,
    sinks: [{ sink: "graylog", ready: false, reason: "buffer full: connect ECONNREFUSED" }],
  });
});

test("a closed sink is not ready", () => {
  expect(readiness(withSink({ state: "closed" })).ready).toBe(false);
});

test("nothing is ready before all pipelines have started, and while the state cannot be written", () => {
  expect(readiness(observedSluice(undefined, { started: () => false }))).toMatchObject({ reason: "starting" });
  expect(readiness(observedSluice(undefined, { stateFailing: () => true })).ready).toBe(false);
});
