import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NotableBook } from "../src/status/notable.ts";
import { Sampler } from "../src/status/sampler.ts";
import { ServiceBook } from "../src/status/services.ts";
import type { Status } from "../src/status/status.ts";
import { observedSluice, pipelineSnapshot, sinkSnapshot } from "./fakes.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

/** A sampler over a sluice whose sink has this state now. */
function samplerOf(state: () => "writing" | "retrying") {
  const observed = observedSluice();
  const views = () => observed.pipelines();
  const pipelines = () =>
    views().map((view) => ({ ...view, snapshot: pipelineSnapshot(sinkSnapshot({ state: state() })) }));
  const sampler = new Sampler({ ...observed, pipelines }, new ServiceBook(), new NotableBook());
  const told: string[] = [];
  sampler.listen(({ pipelines: [web] }: Status) => told.push(web?.sinks[0]?.state ?? ""));
  return { sampler, told };
}

test("a sink that fails is told of at once while somebody watches, and so is its recovery", () => {
  let state: "writing" | "retrying" = "writing";
  const { sampler, told } = samplerOf(() => state);
  sampler.watched = true;
  vi.advanceTimersByTime(1000);
  expect(told).toEqual(["writing"]);
  state = "retrying";
  vi.advanceTimersByTime(200);
  expect(told).toEqual(["writing", "retrying"]);
  vi.advanceTimersByTime(600);
  expect(told).toHaveLength(2);
  vi.advanceTimersByTime(200);
  state = "writing";
  vi.advanceTimersByTime(200);
  expect(told).toEqual(["writing", "retrying", "retrying", "writing"]);
  sampler.close();
});

test("while nobody watches it only looks once a second", () => {
  let state: "writing" | "retrying" = "writing";
  const { sampler, told } = samplerOf(() => state);
  sampler.watched = true;
  sampler.watched = false;
  vi.advanceTimersByTime(1000);
  state = "retrying";
  vi.advanceTimersByTime(900);
  expect(told).toEqual(["writing"]);
  vi.advanceTimersByTime(100);
  expect(told).toEqual(["writing", "retrying"]);
  sampler.close();
});
