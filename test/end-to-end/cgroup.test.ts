import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { SLUICE, start } from "../support/process.ts";
import { Workspace } from "../support/workspace.ts";

const ROOT = "/sys/fs/cgroup";
const IS_SECOND = existsSync(path.join(ROOT, "cgroup.controllers"));
const MEMORY = 512 * 1024 * 1024;

/** The files that set limits, as a container engine writes them, in both versions of control groups. */
const LIMITS = IS_SECOND
  ? { "": { "memory.max": `${MEMORY}`, "cpu.max": "150000 100000", "pids.max": "200" } }
  : {
      memory: { "memory.limit_in_bytes": `${MEMORY}` },
      cpu: { "cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "150000" },
      pids: { "pids.max": "200" },
    };

/** A group of this kernel's with limits. */
class LimitedGroup {
  readonly dirs: string[] = [];

  constructor() {
    if (IS_SECOND) writeFileSync(path.join(ROOT, "cgroup.subtree_control"), "+memory +cpu +pids");
    for (const [controller, files] of Object.entries(LIMITS)) {
      const dir = path.join(ROOT, controller, `sluice-test-${process.pid}`);
      mkdirSync(dir);
      this.dirs.push(dir);
      for (const [name, value] of Object.entries(files)) writeFileSync(path.join(dir, name), value);
    }
  }

  [Symbol.dispose](): void {
    for (const dir of this.dirs) rmdirSync(dir);
  }
}

/** Only root makes groups, and not where a container may not. */
function canLimit(): boolean {
  try {
    new LimitedGroup()[Symbol.dispose]();
    return true;
  } catch (error) {
    if (process.env["CI"] === "true") throw error;
    process.stderr.write(`left out, no control group can be made here: ${(error as Error).message}\n`);
    return false;
  }
}

test.runIf(canLimit())("`host` tells the limits of the group that sluice runs in", async () => {
  await using work = await Workspace.create();
  const file = await work.write(
    "p.yaml",
    `name: limits
sources:
  host: {type: host, collect: [cgroup]}
sinks:
  out: {type: stdout}
`,
  );
  using group = new LimitedGroup();
  const join = 'for dir in $GROUPS_TO_JOIN; do echo $$ > "$dir/cgroup.procs"; done; exec "$@"';
  const args = ["run", file, "--state-dir", work.path("state"), "--http", "off", "--until-eof"];
  const sluice = start("/bin/sh", ["-c", join, "sh", SLUICE, ...args], {
    env: { GROUPS_TO_JOIN: group.dirs.join(" ") },
  });
  expect(await sluice.ended, sluice.stderr()).toBe(0);
  const [event, ...others] = sluice
    .stdout()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    "event.dataset": "system.cgroup",
    "system.cgroup.version": IS_SECOND ? 2 : 1,
    "system.cgroup.memory.limit.bytes": MEMORY,
    "system.cgroup.cpu.limit.cores": 1.5,
    "system.cgroup.pids.limit": 200,
  });
  const usage = event?.["system.cgroup.memory.usage.bytes"] as number;
  expect(usage).toBeGreaterThan(10e6);
  expect(usage).toBeLessThan(MEMORY);
  expect(event?.["system.cgroup.pids.count"]).toBeGreaterThan(1);
  expect(event?.["message"]).toMatch(
    /^Limits: memory .* of 512.*; 1\.5 CPUs, throttled in \d+ periods; \d+ of 200 tasks$/,
  );
});
