import { rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DOCKER_VERSIONS, DockerEngine, requireDocker } from "@sluice/testkit";
import { describe, expect, test } from "vitest";
import { NumbersInput } from "../support/numbers.ts";
import { type Running, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const isLong = process.env["SLUICE_LONG_TESTS"] !== undefined;
const LINES = isLong ? 100_000 : 2000;
const KILLS = isLong ? 10 : 3;
/**
 * Bytes that are not confirmed at most: two connections alternate, the one being confirmed while the other is written to, of
 * `rotate.bytes` each.
 */
const WINDOW = 2 * 4 * 1024 * 1024;
/** Of a log, so that it is rotated often enough in the short form too: kilobytes. */
const SMALL_FILE = isLong ? 500 : 60;
const LARGE_FILE = isLong ? 20_000 : 5000;
/** Lines that a container writes at once. */
const BURST = 25;

interface Container {
  readonly name: string;
  /** Bytes that each line is made longer by. */
  readonly pad: number;
  readonly print: string;
  /** Lines that it may be ahead of what has arrived: about half of what its log holds. */
  readonly ahead: number;
  readonly options: readonly string[];
}

const CONTAINERS: readonly Container[] = [
  { name: "terminal", pad: 40, print: 'echo "$n $p"', ...logOf(SMALL_FILE, 4, 160, "--tty") },
  { name: "errors", pad: 40, print: 'echo "$n $p" >&2', ...logOf(SMALL_FILE, 4, 160) },
  { name: "long", pad: 40 * 1024, print: 'echo "$n $p"', ...logOf(LARGE_FILE, 5, 50_000) },
];

/** A log of so many files of so many kilobytes, and the lines of so many bytes that half of it holds. */
function logOf(
  kilobytes: number,
  files: number,
  line: number,
  ...more: string[]
): Pick<Container, "ahead" | "options"> {
  const options = [...more, "--log-opt", `max-size=${kilobytes}k`, "--log-opt", `max-file=${files}`];
  return { ahead: Math.floor((kilobytes * 1000 * files) / line / 2), options };
}

/** Prints numbers, and goes on with the next one when it is started again. */
const script = ({ name, pad, print }: Container) => `
n=$(cat /n || echo 0); stop=; trap 'stop=1' TERM
p=$(head -c ${pad} /dev/zero | tr '\\0' x)
while [ $n -lt ${LINES} ] && [ -z "$stop" ]; do
  while [ $n -ge $(cat /limits/${name}) ] && [ -z "$stop" ]; do sleep 0.1 & wait $!; done
  k=0; while [ $k -lt ${BURST} ] && [ $n -lt ${LINES} ] && [ -z "$stop" ]; do n=$((n+1)); k=$((k+1)); ${print}; done
  echo $n > /n; sleep 0.02 & wait $!
done
[ $n -lt ${LINES} ] || exec sleep 100000`;

const pipeline = (engine: DockerEngine, address: string) => `name: docker
sources:
  docker: {type: docker_logs, host: 'unix://${engine.socket}', labels: numbered}
steps: []
sinks:
  graylog: {type: gelf, address: '${address}', retry: {initial: 50ms, max: 500ms}}
`;

/** Lets the containers go on as far as their logs hold what has not arrived. */
async function letWrite(limits: string, input: NumbersInput): Promise<void> {
  for (const { name, ahead } of CONTAINERS) {
    const file = path.join(limits, name);
    await writeFile(`${file}.next`, String(input.count(name) + ahead));
    await rename(`${file}.next`, file);
  }
}

async function keepWriting(limits: string, input: NumbersInput, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    await letWrite(limits, input);
    await sleep(100);
  }
}

function summary(version: string, input: NumbersInput): string {
  const parts = CONTAINERS.map(({ name }) => {
    const { ids, duplicates } = input.containers.get(name) ?? { ids: new Map(), duplicates: 0 };
    return `${name} ${LINES - ids.size} missing, ${duplicates} repeated`;
  });
  return `Docker ${version}, ${KILLS} kills, ${LINES} lines: ${parts.join("; ")}; gaps: ${JSON.stringify(input.gaps)}\n`;
}

describe.each(DOCKER_VERSIONS)("docker_logs with Docker %s", (version) => {
  const ready = requireDocker(version);
  const title = `${KILLS} times kill -9 and a new daemon, under rotation: every line of three containers arrives`;
  test.runIf(ready)(title, { timeout: (isLong ? 150 : 30) * MINUTES }, async () => {
    await using work = await Workspace.create();
    await using input = await NumbersInput.start();
    await using engine = await DockerEngine.start({ version });
    const file = await work.write("p.yaml", pipeline(engine, input.address));
    const start = () => startSluice(["run", file, "--state-dir", work.path("state"), "--http", "off"]);
    const limits = await work.directory("limits");
    await letWrite(limits, input);
    const done = new AbortController();
    const pacing = keepWriting(limits, input, done.signal);
    for (const container of CONTAINERS) {
      const options = ["--name", container.name, "--label", "numbered", "--restart", "unless-stopped"];
      options.push("--volume", `${limits}:/limits`);
      await engine.run(script(container), ...options, ...container.options);
    }
    const least = () => Math.min(...CONTAINERS.map(({ name }) => input.count(name)));
    let sluice: Running = start();
    const repeats = [0];
    try {
      for (let kill = 1; kill <= KILLS; kill++) {
        const reached = (LINES * kill) / (KILLS + 2);
        await until(() => least() >= reached, `${reached} lines`, 60 * MINUTES);
        if (kill === Math.ceil(KILLS / 2)) {
          await engine.stopDaemon();
          await engine.startDaemon();
        }
        await sluice.kill("SIGKILL");
        repeats.push(input.repeatedBytes);
        await sleep(Math.random() * 500);
        sluice = start();
      }
      await until(() => least() === LINES || input.gaps.length > 0, "all lines", 60 * MINUTES);
      expect(await sluice.kill("SIGTERM")).toBe(0);
    } finally {
      done.abort();
      await pacing;
      await sluice.kill("SIGKILL");
      process.stdout.write(summary(version, input));
    }
    const perLife = [...repeats, input.repeatedBytes].slice(1).map((bytes, i) => bytes - (repeats[i] as number));
    process.stdout.write(`bytes repeated by each start: ${perLife.join(", ")}\n`);
    const found = CONTAINERS.map(({ name }) => {
      const { ids, disorder, wrongIds } = input.containers.get(name) ?? { ids: new Map() };
      return { name, lines: ids.size, ids: new Set(ids.values()).size, disorder, wrongIds };
    });
    const expected = { lines: LINES, ids: LINES, disorder: 0, wrongIds: 0 };
    expect(found).toEqual(CONTAINERS.map(({ name }) => ({ name, ...expected })));
    expect(input.gaps).toEqual([]);
    expect(Math.max(...perLife)).toBeLessThan(WINDOW);
  });
});
