import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { DOCKER_VERSIONS, DockerEngine, requireDocker } from "@sluice/testkit";
import { describe, expect, test } from "vitest";
import { memoryOf } from "../support/memory.ts";
import { NumbersInput } from "../support/numbers.ts";
import { ROOT, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const isLong = process.env["SLUICE_LONG_TESTS"] !== undefined;
const CONTAINERS = isLong ? 300 : 25;
/** Lines that each container writes at once to each of its two outputs, and how often. */
const BURST = 100;
const BURSTS = 4;
const MAX_MEMORY_MB = 250;

/** Waits at the gate before each burst; odd numbers go to stdout, even ones to stderr. */
const script = (name: string) => `
n=0; b=0
while [ $b -lt ${BURSTS} ]; do
  b=$((b+1)); read x < /gates/$b; k=0
  while [ $k -lt ${BURST} ]; do k=$((k+1)); n=$((n+2)); echo "$((n-1)) ${name} stdout"; echo "$n ${name} stderr" >&2; done
done
exec sleep 100000`;

/** Lets those go on that wait at a gate, if any. */
async function openGate(gate: string): Promise<void> {
  const file = await open(gate, constants.O_WRONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENXIO") throw error;
  });
  await file?.close();
}

async function startAll(engine: DockerEngine, names: readonly string[], gates: string): Promise<void> {
  const left = [...names];
  const startSome = async () => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      const options = ["--name", name, "--label", `own=${name}`, "--volume", `${gates}:/gates`];
      await engine.run(script(name), ...options, "--stop-signal", "KILL");
    }
  };
  await Promise.all([startSome(), startSome(), startSome()]);
}

/** A line says itself where it comes from: its fields must say the same. */
function isRight(message: Readonly<Record<string, unknown>>): boolean {
  const [, name, stream] = String(message["short_message"]).split(" ");
  return (
    message["_container_name"] === name &&
    message["_container_labels_own"] === name &&
    message["_stream"] === stream &&
    message["level"] === (stream === "stderr" ? 3 : 6)
  );
}

describe.concurrent.each(DOCKER_VERSIONS.filter((version) => version !== "26.1"))("Docker %s", (version) => {
  const title = `${CONTAINERS} containers at once: every line arrives with its own fields, in less than ${MAX_MEMORY_MB} MB`;
  test.runIf(requireDocker(version))(title, { timeout: 40 * MINUTES }, async () => {
    await using work = await Workspace.create();
    await using input = await NumbersInput.start(isRight);
    await using engine = await DockerEngine.start({ version });
    const gates = await work.directory("gates");
    const gate = (burst: number) => path.join(gates, String(burst));
    for (let burst = 1; burst <= BURSTS; burst++) await promisify(execFile)("mkfifo", [gate(burst)]);
    const names = Array.from({ length: CONTAINERS }, (_, i) => `many-${i}`);
    await startAll(engine, names, gates);

    const { hostname, port } = new URL(input.address);
    const env = { DOCKER_HOST: `unix://${engine.socket}`, GRAYLOG_HOST: hostname, GRAYLOG_PORT: port };
    const pipeline = path.join(ROOT, "pipelines/docker-logs-to-graylog.yaml");
    const sluice = startSluice(["run", pipeline, "--state-dir", work.path("state"), "--http", "off"], { env });
    try {
      const peaks: number[] = [];
      for (let burst = 1; burst <= BURSTS; burst++) {
        const arrived = () => names.every((name) => input.count(name) === 2 * BURST * burst);
        const release = async () => {
          await openGate(gate(burst));
          return arrived();
        };
        await until(release, `burst ${burst} of all containers`, 8 * MINUTES);
        peaks.push(Math.round(await memoryOf(sluice.pid, "VmHWM")));
      }
      const resting = Math.round(await memoryOf(sluice.pid, "VmRSS"));
      process.stdout.write(
        `Docker ${version}, ${CONTAINERS} containers: peak MB after each burst ${peaks.join(", ")}; now ${resting}\n`,
      );
      expect(input.wrong).toBe(0);
      expect(input.gaps).toEqual([]);
      expect(Math.max(...peaks)).toBeLessThan(MAX_MEMORY_MB);
      expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
    } finally {
      await sluice.kill("SIGKILL");
    }
  });
});
