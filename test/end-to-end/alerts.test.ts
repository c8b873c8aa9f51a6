import { spawn } from "node:child_process";
import { chmod, copyFile } from "node:fs/promises";
import path from "node:path";
import { requireDebian } from "@sluice/testkit";
import { expect, onTestFinished, test } from "vitest";
import { eventsIn } from "../support/archives.ts";
import { type Running, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

/** What the seed's process monitor looks after, by a name that nothing else has. */
const SERVICE = `upload-svc-${process.pid % 10_000}`;

const pipelineOf = (options: string) => `name: monitor
sources:
  host:
    type: host
    interval: 200ms
    collect: [processes]
    processes: {top: 0, expected: [${SERVICE}]}
    alerts:
      - name: process_missing
        when: 'event.dataset == "system.process.expected" && system.process.running == false'
        severity: critical${options}
sinks:
  alerts: {type: file, path: alerts.ndjson, when: 'event.kind == "alert"'}
  all: {type: file, path: all.ndjson}
`;

/** The service of the seed: a process of that name. */
async function startService(work: Workspace): Promise<{ stop(): Promise<unknown> }> {
  const program = work.path(SERVICE);
  await copyFile("/usr/bin/sleep", program);
  await chmod(program, 0o755);
  const child = spawn(program, ["600"], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = (): Promise<unknown> => {
    child.kill("SIGKILL");
    return ended;
  };
  onTestFinished(() => void stop());
  return { stop };
}

test.runIf(requireDebian(["coreutils:sleep"]))(
  "an alert is told once over restarts, by SIGTERM and SIGKILL, and clears after them",
  { timeout: 240_000 },
  async () => {
    await using work = await Workspace.create();
    const file = await work.write("p.yaml", pipelineOf(""));
    const alerts = async () => (await eventsIn(work.path("alerts.ndjson"))).map((event) => event["message"]);
    const run = (): Running =>
      startSluice(["run", path.resolve(file), "--state-dir", work.path("state"), "--http", "off"]);
    const samples = async () => (await eventsIn(work.path("all.ndjson"))).length;
    const moreSamples = async () => {
      const before = await samples();
      await until(async () => (await samples()) > before + 5, "more samples");
    };
    const raised = `ALERT: process_missing: Critical process ${SERVICE} is not running!`;
    let sluice = run();
    onTestFinished(() => void sluice.kill("SIGKILL"));
    await until(async () => (await alerts()).length === 1, `the alert: ${sluice.stderr()}`);
    expect(await alerts()).toEqual([raised]);
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await moreSamples();
      await sluice.kill(signal);
      sluice = run();
      await moreSamples();
      expect(await alerts()).toEqual([raised]);
    }
    await sluice.kill("SIGTERM");
    // It comes back while nobody looks.
    const service = await startService(work);
    sluice = run();
    await until(async () => (await alerts()).length === 2, `the end of the alert: ${sluice.stderr()}`);
    await moreSamples();
    const [, cleared] = await eventsIn(work.path("alerts.ndjson"));
    expect(cleared).toMatchObject({
      "event.action": "threshold_cleared",
      "rule.name": "process_missing",
      message: expect.stringMatching(/^CLEARED after \d+ s: process_missing: /),
    });
    expect(cleared?.["sluice.alert.duration_ms"]).toBeGreaterThan(1000);
    expect(await alerts()).toHaveLength(2);
    await service.stop();
    await until(async () => (await alerts()).length === 3, "the alert again");
    expect((await alerts())[2]).toBe(raised);
    expect(await sluice.kill("SIGTERM")).toBe(0);
  },
);

const FLAPS = 6;

test.runIf(requireDebian(["coreutils:sleep"]))(
  "a service that comes and goes all the time is told of once, and its flaps are counted when it stays",
  { timeout: 240_000 },
  async () => {
    await using work = await Workspace.create();
    const file = await work.write("p.yaml", pipelineOf("\n        keep_firing_for: 20s"));
    const sluice = startSluice(["run", file, "--state-dir", work.path("state"), "--http", "off"]);
    onTestFinished(() => void sluice.kill("SIGKILL"));
    const alerts = () => eventsIn(work.path("alerts.ndjson"));
    const isRunning = async () =>
      (await eventsIn(work.path("all.ndjson"))).findLast((event) => event["system.process.running"] !== undefined)?.[
        "system.process.running"
      ];
    await until(async () => (await alerts()).length === 1, `the alert: ${sluice.stderr()}`);
    for (let flap = 0; flap < FLAPS; flap++) {
      const service = await startService(work);
      await until(async () => (await isRunning()) === true, "the service to be seen");
      await service.stop();
      await until(async () => (await isRunning()) === false, "its end to be seen");
    }
    expect(await alerts()).toHaveLength(1);
    await startService(work);
    await until(async () => (await alerts()).length === 2, "the end of the alert", 120_000);
    expect((await alerts())[1]).toMatchObject({ "event.action": "threshold_cleared", "sluice.alert.flaps": FLAPS });
    expect(await sluice.kill("SIGTERM")).toBe(0);
  },
);
