import { appendFile, readFile } from "node:fs/promises";
import { openTraffic } from "@sluice/generate";
import { Graylog } from "@sluice/testkit";
import { expect, test } from "vitest";
import { expectEveryLine } from "../support/ledger.ts";
import { runSluice } from "../support/process.ts";
import { filesToGelf, Workspace } from "../support/workspace.ts";

test("what Graylog could not take is in the dead letter, and `sluice replay --dead-letter` delivers it later", async () => {
  await using work = await Workspace.create();
  const graylog = await Graylog.start();
  await graylog.kill();
  const log = await work.write("a.log", openTraffic("nginx", { seed: 3 }).block(500));
  const options = ", retry: {initial: 10ms, attempts: 2}, dead_letter: dead.ndjson";
  const file = await work.write("p.yaml", filesToGelf(log, graylog.address, "nginx", options));
  const run = await runSluice(["run", file, "--state-dir", work.path("state"), "--until-eof", "--http", "off"]);
  expect(run.stderr).toContain("in 500 = delivered 0 + dropped 500 (dead_letter 500) + buffered 0");

  await graylog.restart();
  const letters = work.path("dead.ndjson");
  const replay = await runSluice(["replay", "--dead-letter", letters, "--pipeline", file]);
  expect(replay.stderr).toContain("in 500 = delivered 500 + refused again 0 + not sent 0");
  expect(replay.code).toBe(0);
  expectEveryLine(await graylog.accepted(), await readFile(log));

  await graylog.kill();
  await appendFile(letters, 'no letter\n{"pipeline":"other","sink":"graylog","frame":"x"}\n');
  const again = await runSluice(["replay", "--dead-letter", letters, "--pipeline", file]);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("in 502 = delivered 0 + refused again 500 + not sent 2");
  expect((await readFile(`${letters}.rejected`, "utf8")).split("\n")).toHaveLength(501);

  const mixed = await runSluice(["replay", "--dead-letter", letters, "--pipeline", file, "--resume"]);
  expect(mixed).toMatchObject({ code: 2, stderr: expect.stringContaining("--dead-letter and --resume") });
  await graylog.stop();
});
