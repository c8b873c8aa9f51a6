import { readFile } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { openTraffic, type TrafficKind } from "@sluice/generate";
import { Graylog } from "@sluice/testkit";
import { expect, test } from "vitest";
import { eventsIn } from "../support/archives.ts";
import type { Message } from "../support/ledger.ts";
import { runSluice } from "../support/process.ts";
import { Workspace } from "../support/workspace.ts";

const LINES = 5000;

const byId = (messages: readonly Message[]) =>
  [...messages].sort((a, b) => (String(a["_event_id"]) < String(b["_event_id"]) ? -1 : 1));

/** A pipeline whose steps would change an event each time they see it, if they saw it twice. */
const pipelineText = (name: string, source: string, parser: string, sinks: string) => `name: ${name}
sources: {log: ${source}}
steps:
  - parse: ${parser}
  - drop: 'message.contains("favicon")'
  - set: {labels.env: '\${ENV:-production}', labels.twice: '=message + "!"'}
  - rename: {event.dataset: labels.dataset}
  - remove: [user_agent.original]
sinks:
${sinks}
`;

test.each([
  ["nginx", "nginx"],
  ["auth", "auth"],
  ["docker-events", "json"],
] as [TrafficKind, string][])(
  "what sluice archived of %s replays into Graylog with the fields, time and id of the first delivery",
  async (kind, parser) => {
    await using work = await Workspace.create();
    const [first, second] = [await Graylog.start(), await Graylog.start()];
    try {
      await work.write("in.log", openTraffic(kind, { seed: 11 }).block(LINES));
      await work.write("not-there", "");
      const graylog = (address: string) => `  graylog: {type: gelf, address: '${address}'}`;
      const archive = "  archive: {type: file, path: archive.ndjson}";
      const run = await work.write(
        "run.yaml",
        pipelineText("web", "{type: file, include: [in.log]}", parser, `${graylog(first.address)}\n${archive}`),
      );
      expect(await runSluice(["run", run, "--state-dir", work.path("state"), "--until-eof"])).toMatchObject({
        code: 0,
      });
      const archived = await readFile(work.path("archive.ndjson"));
      const half = archived.indexOf(10, archived.length / 2) + 1;
      await work.write("archive.ndjson.2.gz", gzipSync(archived.subarray(0, half)));
      await work.write("archive.ndjson.1.zst", zstdCompressSync(archived.subarray(half)));

      const again = await work.write(
        "again.yaml",
        pipelineText("web", "{type: stdin}", parser, graylog(second.address)),
      );
      const replay = ["replay", work.path("archive.ndjson.*"), "--pipeline", again, "--state-dir", work.path("state")];
      // Another environment, another day, another place: nothing of it may show.
      expect(await runSluice(replay, { env: { ENV: "laptop" } })).toMatchObject({ code: 0 });

      const delivered = byId(await first.accepted());
      expect(delivered.length).toBe((await eventsIn(work.path("archive.ndjson"))).length);
      expect(delivered.length).toBeGreaterThan(LINES / 2);
      expect(byId(await second.accepted())).toEqual(delivered);
      expect(await second.rejected()).toEqual([]);
    } finally {
      await first.stop();
      await second.stop();
    }
  },
);

test("archived events still pass the steps that decide, and the ledger counts what they drop", async () => {
  await using work = await Workspace.create();
  await work.write("in.log", openTraffic("nginx", { seed: 11 }).block(5000));
  const out = (file: string) => `  out: {type: file, path: ${file}}`;
  const run = await work.write(
    "run.yaml",
    pipelineText("web", "{type: file, include: [in.log]}", "nginx", out("a.ndjson")),
  );
  expect((await runSluice(["run", run, "--state-dir", work.path("state"), "--until-eof"])).code).toBe(0);
  const only = await work.write(
    "only.yaml",
    "steps: [{keep: 'http.response.status_code >= 400'}]\nsinks:\n  out: {type: file, path: b.ndjson}\n",
  );
  const { code, stderr } = await runSluice([
    "replay",
    work.path("a.ndjson"),
    "--pipeline",
    only,
    "--state-dir",
    work.path("state"),
  ]);
  expect(code).toBe(0);
  const wanted = (await eventsIn(work.path("a.ndjson"))).filter(
    (event) => (event["http.response.status_code"] as number) >= 400,
  );
  expect(wanted.length).toBeGreaterThan(100);
  expect(await eventsIn(work.path("b.ndjson"))).toEqual(wanted);
  expect(stderr).toMatch(new RegExp(`delivered ${wanted.length} \\+ dropped \\d+ \\(keep \\d+\\)`));
});

test("replayed on another machine, an event still comes from the one that archived it", async () => {
  await using work = await Workspace.create();
  const graylog = await Graylog.start();
  try {
    const time = "2026-01-31T12:00:00.000Z";
    const event = { "@timestamp": time, message: "x", "event.id": "a-0", "agent.name": "edge-7" };
    await work.write("a.ndjson", `${JSON.stringify(event)}\n`);
    const pipeline = await work.write("p.yaml", `sinks: {graylog: {type: gelf, address: '${graylog.address}'}}\n`);
    const replay = ["replay", work.path("a.ndjson"), "--pipeline", pipeline, "--state-dir", work.path("state")];
    expect(await runSluice(replay)).toMatchObject({ code: 0 });
    const [message] = await graylog.accepted();
    expect(message).toMatchObject({ host: "edge-7", timestamp: Date.parse(time) / 1000, _event_id: "a-0" });
    expect(message).not.toHaveProperty("_agent_name");
  } finally {
    await graylog.stop();
  }
});
