import type { Seen, Tapped } from "@sluice/core";
import { silentLogger } from "@sluice/core";
import { afterEach, describe, expect, test } from "vitest";
import { type Admin, startAdmin } from "../src/index.ts";
import { namesOf, placesOf } from "../src/taps/place.ts";
import { observedSluice } from "./fakes.ts";

const outline = (name: string) => ({
  name,
  sources: [{ name: "access", type: "file" }],
  steps: [
    { name: "steps[0]", type: "parse", label: "parse nginx" },
    { name: "steps[1]", type: "drop", label: "drop" },
  ],
  sinks: [{ name: `${name}-out`, type: "gelf" }],
});
const pipelines = [outline("a"), outline("b")];

describe("a name means", () => {
  test.each([
    [
      undefined,
      [
        { pipeline: "a", at: "kept" },
        { pipeline: "b", at: "kept" },
      ],
    ],
    ["a", [{ pipeline: "a", at: "kept" }]],
    ["b-out", [{ pipeline: "b", at: { sink: 0 } }]],
    ["a/access", [{ pipeline: "a", at: { steps: 0 }, source: "access" }]],
    ["b/steps[1]", [{ pipeline: "b", at: { steps: 2 } }]],
    ["b/parse", [{ pipeline: "b", at: { steps: 1 } }]],
    ["nothing", []],
  ])("%s", (name, places) => {
    expect(placesOf(pipelines, name)).toEqual(places);
  });

  test("and every one that is offered means something", () => {
    for (const name of namesOf(pipelines)) expect(placesOf(pipelines, name)).toHaveLength(1);
  });
});

describe("/api/tap", () => {
  let admin: Admin | undefined;
  afterEach(() => admin?.close());

  /** An HTTP side with one pipeline, `web`, whose batches are asked about and seen by hand. */
  async function start() {
    admin = await startAdmin({
      address: { host: "127.0.0.1", port: 0 },
      observed: observedSluice(),
      log: silentLogger,
    });
    return { url: admin.url, watcher: admin.watcher("web") };
  }

  const seen = (taps: Tapped[], changes: Partial<Seen> = {}): Seen => ({
    taps,
    services: {},
    exact: true,
    sampled: 0,
    notable: [],
    ...changes,
  });
  const tapped = (id: number, events: string[], matched = events.length): Tapped => ({
    id,
    events,
    matched,
    examined: matched,
  });

  /** Reads lines until there are so many. */
  async function lines(response: Response, n: number): Promise<string[]> {
    const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (text.split("\n").length <= n) text += (await reader.read()).value ?? "";
    await reader.cancel();
    return text.split("\n").slice(0, n);
  }

  test("the workers are asked only while somebody reads", async () => {
    const { url, watcher } = await start();
    const ids = () => watcher.ask("access")?.taps.map(({ at }) => at);
    expect(ids()).toEqual(["kept"]);
    const response = await fetch(`${url}/api/tap?component=graylog&where=${encodeURIComponent("a == 1")}&rate=5`);
    const request = watcher.ask("access")?.taps.find(({ at }) => at !== "kept");
    expect(request).toMatchObject({ at: { sink: 0 }, where: "a == 1", limit: 5 });
    await response.body?.cancel();
    await expect.poll(ids, { timeout: 30_000 }).toEqual(["kept"]);
  });

  test("a source is tapped on its own batches only", async () => {
    const { url, watcher } = await start();
    const response = await fetch(`${url}/api/tap?component=access`);
    expect(watcher.ask("access")?.taps.map(({ at }) => at)).toContainEqual({ steps: 0 });
    expect(watcher.ask("other")?.taps.map(({ at }) => at)).toEqual(["kept"]);
    await response.body?.cancel();
  });

  test("events come as NDJSON, with word of those that are not shown", async () => {
    const { url, watcher } = await start();
    const response = await fetch(`${url}/api/tap`);
    expect(response.headers.get("content-type")).toContain("application/x-ndjson");
    const id = watcher.ask("access")?.taps.at(-1)?.id as number;
    watcher.saw(seen([tapped(id, ['{"a":1}', '{"a":2}'], 10)]), 10);
    expect(await lines(response, 4)).toEqual([
      '# {"skipped":0,"complete":true}',
      '{"a":1}',
      '{"a":2}',
      '# {"skipped":8,"complete":true}',
    ]);
  });

  test("no more than the rate comes", async () => {
    const { url, watcher } = await start();
    const response = await fetch(`${url}/api/tap?rate=3`);
    const request = () => watcher.ask("access")?.taps.at(-1);
    expect(request()?.limit).toBe(3);
    watcher.saw(seen([tapped(request()?.id as number, ["{}", "{}", "{}"])]), 3);
    expect(request()?.limit).toBeLessThanOrEqual(1);
    await response.body?.cancel();
  });

  test.each([
    ["component=nothing", 404, /no nothing/],
    ["where=((", 400, /where/],
    ["rate=0", 400, /rate/],
    ["rate=x", 400, /rate/],
  ])("%s is answered by %i", async (query, status, text) => {
    const { url } = await start();
    const response = await fetch(`${url}/api/tap?${query}`);
    expect(response.status).toBe(status);
    expect(JSON.stringify(await response.json())).toMatch(text);
  });

  test("services are reckoned up over the batches that were not looked at, and alerts are kept", async () => {
    const { url, watcher } = await start();
    watcher.saw(undefined, 900);
    const alert = '{"event.kind":"alert","rule.name":"disk"}';
    watcher.saw(seen([], { services: { web: { events: 100, errors: 5, warnings: 0 } }, notable: [alert] }), 100);
    await expect
      .poll(async () => (await fetch(`${url}/api/status`)).json(), { timeout: 30_000 })
      .toMatchObject({
        servicesExact: false,
        services: [{ name: "web", pipeline: "web", events: 1000, errors: 50 }],
        alertCount: 1,
        alerts: [{ pipeline: "web", event: { "rule.name": "disk" } }],
      });
  });

  test("a page gets the past at once, and the status each second", async () => {
    const { url, watcher } = await start();
    const id = watcher.ask("access")?.taps[0]?.id as number;
    watcher.saw(seen([tapped(id, ['{"message":"hello"}'])]), 1);
    const response = await fetch(`${url}/api/stream`);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    const [hello, data, , status] = await lines(response, 5);
    expect(hello).toBe("event: hello");
    const first = JSON.parse(data?.slice(6) as string);
    expect(first.events).toEqual([["web", '{"message":"hello"}']]);
    expect(first.status.pipelines[0]).toMatchObject({
      name: "web",
      sources: [{ name: "access", state: "running" }],
      sinks: [{ name: "graylog", backlogEvents: 7 }],
      ledger: { in: 102, delivered: 90, buffered: 7 },
    });
    expect(status).toBe("event: status");
  });
});
