import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { Graylog, requireDebian } from "@sluice/testkit";
import { expect, test } from "vitest";
import { ROOT, runSluice, startSluice } from "./support/process.ts";
import { until } from "./support/wait.ts";
import { Workspace } from "./support/workspace.ts";

const DIR = path.join(ROOT, "deploy/systemd");
const PIPELINES = path.join(ROOT, "deploy/pipelines");
const UNIT = readFileSync(path.join(DIR, "sluice@.service"), "utf8");
const INSTALLED = "/usr/local/bin/sluice";
/** What `systemd-analyze security` gives at most: 0 is locked up, 10 is open. */
const EXPOSURE = 2;

/** The variables of an environment file as systemd reads it. */
function variablesOf(file: string): Record<string, string> {
  const lines = readFileSync(file, "utf8").split("\n");
  const settings = lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split("="));
  return Object.fromEntries(settings.map(([name, value]) => [name, value]));
}

test.runIf(requireDebian(["systemd:systemd-analyze"]))("systemd finds nothing wrong with the unit", async () => {
  await using work = await Workspace.create();
  // The path must exist for systemd; everything else stays as it is.
  const unit = UNIT.replaceAll(INSTALLED, path.join(ROOT, "packages/cli/bin/sluice"));
  const file = await work.write("sluice@auth.service", unit);
  expect(execFileSync("systemd-analyze", ["verify", file], { encoding: "utf8", stdio: "pipe" })).toBe("");
  const security = execFileSync("systemd-analyze", ["security", "--offline=true", "--no-pager", file], {
    encoding: "utf8",
  });
  const exposure = /exposure level for \S+: ([\d.]+)/.exec(security)?.[1];
  expect(Number(exposure)).toBeLessThanOrEqual(EXPOSURE);
});

test.each(["auth", "requests"])("the pipeline %s is valid with the variables of its environment file", async (name) => {
  const pipeline = path.join(PIPELINES, `${name}.yaml`);
  const env = variablesOf(path.join(DIR, `${name}.env`));
  expect(await runSluice(["validate", pipeline], { env })).toMatchObject({ code: 0, stderr: "" });
  expect(await runSluice(["test", pipeline], { env })).toMatchObject({ code: 0 });
});

test("a pipeline without its variables says each that is missing, and nothing else", async () => {
  const { code, stderr } = await runSluice(["validate", path.join(PIPELINES, "auth.yaml")]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^[^\n]*set LOGGING_URL\)\n[^\n]*set LOGGING_PORT\)\n$/);
});

test("the command of the unit delivers where the variables say", async () => {
  await using work = await Workspace.create();
  const graylog = await Graylog.start();
  const log = await work.write(
    "auth.log",
    "Dec  6 03:17:01 dws CRON[30761]: pam_unix(cron:session): session opened for user root by (uid=0)\n",
  );
  const pipeline = readFileSync(path.join(PIPELINES, "auth.yaml"), "utf8").replaceAll("/var/log/auth.log", log);
  await work.write("auth.yaml", pipeline);
  const command = /^ExecStart=(.*)$/m.exec(UNIT)?.[1] as string;
  const args = command
    .replace("/etc/sluice/%i", work.path("auth"))
    .replace("${STATE_DIRECTORY}", work.path("state"))
    .split(" ");
  expect(args.shift()).toBe(INSTALLED);
  const sluice = startSluice(args, { env: { LOGGING_URL: "127.0.0.1", LOGGING_PORT: String(graylog.port) } });
  try {
    await until(async () => (await graylog.accepted()).length === 1, "the line to arrive");
    expect((await graylog.accepted())[0]).toMatchObject({ _process_name: "CRON", _user_name: "root" });
    expect(await sluice.kill()).toBe(0);
  } finally {
    await sluice.kill("SIGKILL");
    await graylog.stop();
  }
});
