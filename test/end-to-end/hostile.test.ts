import { appendFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Graylog } from "@sluice/testkit";
import { expect, test } from "vitest";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { filesToGelf, Workspace } from "../support/workspace.ts";

const EVIL = `${"a".repeat(50_000)}!`;

test.each([
  ["with two workers", "2"],
  ["in the main thread", "0"],
])(
  "a line that hangs a pattern is passed on unparsed and stops nobody else, %s",
  { timeout: 120_000 },
  async (_name, workers) => {
    await using work = await Workspace.create();
    const graylog = await Graylog.start();
    const hung = await work.write("hung.log", "");
    const other = await work.write("other.log", "");
    const pipeline = await work.write(
      "p.yaml",
      filesToGelf(`${work.dir}/*.log`, graylog.address, "{grok: '^(?<word>(a+)+)$'}"),
    );
    const sluice = startSluice(["run", pipeline, "--state-dir", work.path("state"), "--workers", workers]);
    try {
      await until(() => sluice.stderr().includes('"running"'), "sluice to run");
      await appendFile(hung, `aaa\n${EVIL}\naaaa\n`);
      for (let i = 0; i < 40; i++) {
        await appendFile(other, `${"a".repeat((i % 5) + 1)}\n`);
        await sleep(50);
      }
      await until(async () => (await graylog.accepted()).length === 43, "all lines");
      expect(await sluice.kill()).toBe(0);
      const messages = await graylog.accepted();
      const evil = messages.filter((message) => String(message["short_message"]).startsWith("aaaaaa"));
      expect(evil).toHaveLength(1);
      expect(JSON.stringify(evil[0]?.["_tags"])).toContain("_timeout");
      expect(messages.filter((message) => message["_word"] !== undefined)).toHaveLength(42);
    } finally {
      await sluice.kill("SIGKILL");
      await graylog.stop();
    }
  },
);
