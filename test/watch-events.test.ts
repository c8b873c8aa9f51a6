import type { Event, StepSpec, TapRequest, Watch } from "@sluice/core";
import { compileProgram } from "@sluice/program";
import { describe, expect, test } from "vitest";
import { readPatternFiles } from "../packages/cli/src/patterns.ts";
import { registry } from "../packages/cli/src/registry.ts";

// Looking at events must change nothing of what leaves, cost no more than was asked for, and never show a secret: not
// those of a pipeline that sanitizes nothing, and not those that the events still have before its sanitizer.

const SINK = {
  batch: { events: 1, bytes: 1, age: 1 },
  retry: { initial: 1, max: 1, attempts: "unlimited" },
  buffer: { type: "memory", size: 1, when_full: "block" },
  name: "out",
  type: "file",
  options: { path: "/nowhere" },
} as const;

const SECRET = "AKIAIOSFODNN7EXAMPLQ";
const line = (path: string, status: number) =>
  `203.0.113.7 - - [10/Jan/2017:13:06:27 -0300] "GET ${path} HTTP/1.1" ${status} 0 "-" "curl/8"\n`;
const NGINX: StepSpec = { type: "parse", options: "nginx" };
const SANITIZE: StepSpec = { type: "sanitize", options: "default" };

async function programOf(steps: readonly StepSpec[], kernel = true, sinkWhen?: string) {
  const sinks = [{ ...SINK, ...(sinkWhen && { when: sinkWhen }) }];
  const pipeline = { name: "p", file: "p.yaml", baseDir: ".", sources: [], steps, sinks, tests: [] };
  const patterns = await readPatternFiles();
  return compileProgram({ pipeline, patterns, hostname: "h", stamp: true, kernel, watched: true }, registry);
}

function input(text: string, watch?: Watch) {
  const data = new Uint8Array(Buffer.from(text));
  const stream = { id: "f1", fields: { "log.file.path": "/x.log" }, positionField: "log.offset" };
  return { stream, data, framing: { kind: "lines" as const, base: 0 }, now: 1_767_950_000_000, watch };
}

const tap = (at: TapRequest["at"], more: Partial<TapRequest> = {}): Watch => ({
  examine: 100,
  taps: [{ id: 1, at, limit: 100, cut: 1000, ...more }],
});
const eventsOf = (seen: { taps: readonly { events: readonly string[] }[] } | undefined): Event[] =>
  (seen?.taps[0]?.events ?? []).map((json) => JSON.parse(json));

describe.each([true, false])("with kernels: %s", (kernel) => {
  const text = [200, 404, 503, 200].map((status, i) => line(`/p${i}`, status)).join("");

  test("what leaves is the same, looked at or not", async () => {
    const steps = [NGINX, SANITIZE];
    const without = (await programOf(steps, kernel)).run(input(text));
    const { seen, ...watched } = (await programOf(steps, kernel)).run(input(text, tap("kept")));
    expect(watched).toEqual(without);
    expect(seen).toMatchObject({ exact: true, taps: [{ id: 1, matched: 4 }] });
  });

  test("events are seen as they leave the steps, and services are counted with their errors", async () => {
    const steps: StepSpec[] = [NGINX, { type: "set", options: { "service.name": "web" } }, SANITIZE];
    const { seen } = (await programOf(steps, kernel)).run(input(text, tap("kept")));
    expect(eventsOf(seen).map((event) => [event["url.path"], event["service.name"], event["event.id"]])).toEqual(
      [0, 1, 2, 3].map((i) => [`/p${i}`, "web", `f1-${(i * line("/p0", 200).length).toString(16)}`]),
    );
    expect(seen?.services).toEqual({ web: { events: 4, errors: 1, warnings: 1 } });
  });

  test("a condition chooses, and the limit and the cut hold", async () => {
    const program = await programOf([NGINX, SANITIZE], kernel);
    const where = "http.response.status_code >= 400";
    const { seen } = program.run(input(text, tap("kept", { where, limit: 1, cut: 3 })));
    expect(eventsOf(seen).map((event) => event["message"])).toEqual(["203…"]);
    expect(seen?.taps).toMatchObject([{ examined: 4, matched: 2 }]);
  });

  test("a condition that does not compile shows nothing, and fails nothing", async () => {
    const { seen, tally } = (await programOf([NGINX, SANITIZE], kernel)).run(input(text, tap("kept", { where: "((" })));
    expect([eventsOf(seen), tally.kept]).toEqual([[], 4]);
  });

  test("between the steps, and at a sink's condition", async () => {
    const steps: StepSpec[] = [NGINX, { type: "drop", options: "http.response.status_code == 404" }, SANITIZE];
    const count = async (at: TapRequest["at"]) =>
      eventsOf((await programOf(steps, kernel, "http.response.status_code == 200")).run(input(text, tap(at))).seen);
    expect((await count({ steps: 0 })).map((event) => event["url.path"])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect((await count({ steps: 1 })).map((event) => event["url.path"])).toEqual(["/p0", "/p1", "/p2", "/p3"]);
    expect(await count({ steps: 2 })).toHaveLength(3);
    expect(await count({ sink: 0 })).toHaveLength(2);
  });

  const OFF: StepSpec = { type: "sanitize", options: "off" };
  test.each([
    ["before the sanitizer", [NGINX, SANITIZE], { steps: 0 }],
    ["after a parser, before the sanitizer", [NGINX, SANITIZE], { steps: 1 }],
    ["of a pipeline that does not sanitize", [NGINX, OFF], "kept"],
    ["of a pipeline that sanitizes only sometimes", [NGINX, { ...SANITIZE, when: "false" }], "kept"],
    ["set after the sanitizer", [NGINX, SANITIZE, { type: "set", options: { "labels.key": SECRET } }], "kept"],
    ["at a sink of a pipeline that does not sanitize", [NGINX, OFF], { sink: 0 }],
  ] as [string, StepSpec[], TapRequest["at"]][])("no secret is shown: %s", async (_, steps, at) => {
    const secret = line(`/x?key=${SECRET}`, 200);
    const { seen } = (await programOf(steps, kernel)).run(input(secret, tap(at)));
    expect(eventsOf(seen)).toHaveLength(1);
    expect(JSON.stringify(seen)).not.toContain(SECRET);
    // And a condition cannot ask for it.
    const asked = tap(at, { where: `message.contains("${SECRET}")` });
    expect(eventsOf((await programOf(steps, kernel)).run(input(secret, asked)).seen)).toEqual([]);
  });
});

test("of a large batch only a sample is looked at, and counts are reckoned up from it", async () => {
  const lines = Array.from({ length: 1000 }, (_, i) => line(`/p${i}`, i % 2 === 0 ? 200 : 500)).join("");
  const { seen, tally } = (await programOf([NGINX, SANITIZE])).run(input(lines, { ...tap("kept"), examine: 50 }));
  expect(tally).toMatchObject({ in: 1000, kept: 1000 });
  expect(seen?.exact).toBe(false);
  expect(eventsOf(seen)).toHaveLength(50);
  const [service] = Object.values(seen?.services ?? {});
  expect(service?.events).toBeCloseTo(1000, 5);
  expect(service?.errors).toBeGreaterThan(200);
  expect(service?.errors).toBeLessThan(800);
});

test("alerts and figures of the host are always seen", async () => {
  const program = await programOf([{ type: "parse", options: "json" }, SANITIZE]);
  const text = [{ "event.kind": "alert", "rule.name": "disk" }, { "event.kind": "metric" }, { "event.kind": "event" }]
    .map((event) => `${JSON.stringify(event)}\n`)
    .join("");
  const { seen } = program.run(input(text, { examine: 0, taps: [] }));
  expect(seen?.notable.map((json) => JSON.parse(json)["event.kind"])).toEqual(["alert", "metric"]);
});
