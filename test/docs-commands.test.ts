import { spawn } from "node:child_process";
import { once } from "node:events";
import { symlinkSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { commandLines } from "./support/documents.ts";
import { ROOT, runSluice } from "./support/process.ts";
import { Workspace } from "./support/workspace.ts";

/** Every command line of sluice in the documents. */
const lines = commandLines().filter((line) => /(?:^|[ |])sluice [a-z]/.test(line));

function optionsOf(line: string): string[] {
  const own = line
    .slice(line.indexOf("sluice "))
    .replace(/\s#.*$/, "")
    .replace(/'[^']*'/g, "");
  return [...(own.split("|")[0]?.matchAll(/(?<=\s)--[a-z-]+/g) ?? [])].map(([option]) => option);
}

describe("the commands in the documents", () => {
  const commands = Map.groupBy(lines, (line) => /sluice ([a-z0-9]+(?: sweep)?)/.exec(line)?.[1] as string);

  test("are found", () => expect(lines.length).toBeGreaterThan(20));

  test.each([...commands.keys()])("sluice %s has the options that they name", async (command) => {
    const { code, stdout } = await runSluice([...command.split(" "), "--help"]);
    expect(code).toBe(0);
    const named = (commands.get(command) ?? []).flatMap(optionsOf);
    expect(named.filter((option) => !new RegExp(`${option}(?![a-z-])`).test(stdout))).toEqual([]);
  });
});

test("README: the pipeline runs, and ends with its ledger", async () => {
  const line = lines.find((one) => one.includes("sluice run pipelines/")) as string;
  await using work = await Workspace.create();
  symlinkSync(path.join(ROOT, "pipelines"), work.path("pipelines"));
  // npx would keep signals from it.
  const child = spawn("sh", ["-c", line.replace("npx", "exec")], {
    cwd: work.dir,
    env: { ...process.env, SLUICE_HTTP: "off", PATH: `${ROOT}/node_modules/.bin:${process.env["PATH"]}` },
  });
  try {
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      // It is ready for signals as soon as it has said so, which may be a moment before.
      if (text.includes('"msg":"running"')) setTimeout(() => child.kill("SIGTERM"), 500);
    });
    const [code] = await once(child, "close");
    // This machine may have logs of nginx and no Graylog: what cannot be delivered is said, with exit code 1.
    expect(out).toMatch(/ledger of nginx-to-graylog: in (\d+) = delivered \d+ \+ dropped \d+ \+ buffered \d+/);
    expect(code).toBe(/"buffered":0/.test(out) ? 0 : 1);
  } finally {
    child.kill("SIGKILL");
  }
});
