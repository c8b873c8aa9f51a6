import { writeFile } from "node:fs/promises";
import { DOCKER_VERSIONS, DockerEngine, Graylog, requireDocker } from "@sluice/testkit";
import { describe, expect, test } from "vitest";
import { NumbersInput } from "../support/numbers.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const isLong = process.env["SLUICE_LONG_TESTS"] !== undefined;
const LINES = 800;
/** In the second test the container writes 4 MB at a time, of the 8 MB that its log holds. */
const STEP = 100;
const STEPS = 5;

/** Prints lines of 40 KiB as fast as it can, so many after each file that appears. */
const script = (steps: number, lines: number) => `
p=$(head -c 40960 /dev/zero | tr '\\0' x); n=0; step=0
while [ $step -lt ${steps} ]; do
  step=$((step+1)); while [ ! -e /go/$step ]; do sleep 0.05; done
  k=0; while [ $k -lt ${lines} ]; do k=$((k+1)); n=$((n+1)); echo "$n $p"; done
done
exec sleep 100000`;

function logOf(size: string, files: number): string[] {
  return ["--log-opt", `max-size=${size}`, "--log-opt", `max-file=${files}`, "--stop-signal", "KILL"];
}

const pipeline = (engine: DockerEngine, address: string, buffer = "") => `name: docker
sources:
  docker: {type: docker_logs, host: 'unix://${engine.socket}', containers: writer}
steps: []
sinks:
  graylog: {type: gelf, address: '${address}', retry: {initial: 50ms, max: 500ms}${buffer}}
`;

describe.each(DOCKER_VERSIONS)("a container that logs 40 KiB lines as fast as it can, Docker %s", (version) => {
  const ready = requireDocker(version);

  test.runIf(ready)(
    "arrives whole, though its log is rotated faster than it is told",
    { timeout: 8 * MINUTES },
    async () => {
      await using work = await Workspace.create();
      await using input = await NumbersInput.start();
      await using engine = await DockerEngine.start({ version });
      const go = await work.directory("go");
      // All of it fits in, but engines leave out what lies in files that they have not come to yet.
      await engine.run(script(1, LINES), "--name", "writer", "--volume", `${go}:/go`, ...logOf("3m", 14));
      const file = await work.write("p.yaml", pipeline(engine, input.address));
      const sluice = startSluice(["run", file, "--state-dir", work.path("state"), "--http", "off"]);
      try {
        await until(() => sluice.stderr().includes('"msg":"running"'), "sluice to run");
        await writeFile(`${go}/1`, "");
        await until(() => input.count("writer") === LINES || input.gaps.length > 0, "all lines", 5 * MINUTES);
        expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
        expect(input.gaps).toEqual([]);
        expect(input.containers.get("writer")).toMatchObject({ duplicates: 0, disorder: 0, wrongIds: 0 });
      } finally {
        await sluice.kill("SIGKILL");
      }
    },
  );

  const title = "is read on into a disk buffer while Graylog hangs, so that rotation deletes nothing unread";
  test.runIf(ready && (isLong || version === "28.5"))(title, { timeout: 8 * MINUTES }, async () => {
    await using work = await Workspace.create();
    const graylog = await Graylog.start({ fault: "hang" });
    await using engine = await DockerEngine.start({ version });
    const go = await work.directory("go");
    await engine.run(script(STEPS, STEP), "--name", "writer", "--volume", `${go}:/go`, ...logOf("2m", 4));
    const file = await work.write("p.yaml", pipeline(engine, graylog.address, ", buffer: {type: disk, size: 200MiB}"));
    const sluice = startSluice(["run", file, "--state-dir", work.path("state"), "--http", "127.0.0.1:0"]);
    try {
      const url = await until(() => /"url":"([^"]+)"/.exec(sluice.stderr())?.[1], "the HTTP side");
      for (let step = 1; step <= STEPS; step++) {
        await writeFile(`${go}/${step}`, "");
        await until(async () => (await eventsRead(url)) === step * STEP, `step ${step} to be read`, 3 * MINUTES);
      }
      expect(await graylog.accepted()).toEqual([]);
      await graylog.setFault("none");
      const arrived = async () =>
        (await graylog.accepted()).map(({ short_message: text }) => Number.parseInt(String(text), 10));
      await until(async () => (await arrived()).length >= STEPS * STEP, "all lines", 5 * MINUTES);
      expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
      expect([...new Set(await arrived())].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: STEPS * STEP }, (_, i) => i + 1),
      );
    } finally {
      await sluice.kill("SIGKILL");
      await graylog.stop();
    }
  });
});

/** Events that the source has handed on. */
async function eventsRead(url: string): Promise<number> {
  const text = await (await fetch(new URL("/metrics", url))).text();
  const line = text
    .split("\n")
    .find((one) => one.startsWith("sluice_component_sent_events_total{") && one.includes('="docker"'));
  return Number(line?.split(" ").at(-1) ?? 0);
}
