import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { DockerEngine } from "@sluice/testkit";
import { IMAGE, LOCKED } from "./image.ts";
import { freePort } from "./network.ts";
import { NumbersInput } from "./numbers.ts";
import { until } from "./wait.ts";
import { Workspace } from "./workspace.ts";

const PATIENCE_MS = 180_000;
/** Longer than a source pauses when it has something to read. */
const QUIET_MS = 2000;
/** Numbered lines: of a file (200 bytes), and of a container's stdout (40 KiB) and stderr (short). */
const LINES = { file: 150_000, long: 1200, short: 30_000 } as const;
const NAME = "limited";

const script = (count: number, print: string) => `
p=$(head -c 40960 /dev/zero | tr '\\0' x); n=0
while [ $n -lt ${count} ]; do n=$((n+1)); ${print}; done`;

/** A limit of memory in MiB, and what sluice is told because of it. */
export interface Limit {
  readonly megabytes: number;
  readonly readAhead: string;
  readonly buffer: string;
  readonly workers: string;
}

const pipeline = ({ readAhead, buffer }: Limit) => `name: limited
sources:
  file: {type: file, include: ['/work/logs/in.log'], start_at: beginning}
  docker: {type: docker_logs, containers: [long, short], read_ahead: ${readAhead}}
steps:
  - set: {container.name: file}
    when: '!has(container.name)'
  - sanitize: default
sinks:
  graylog: {type: gelf, address: 'tcp://\${GRAYLOG}', retry: {max: 1s}, buffer: {type: memory, size: ${buffer}}}
`;

/** sluice's image in a container with little memory: it reads a file and two containers for a Graylog that hangs at first. */
export class LimitedRun implements AsyncDisposable {
  readonly #engine: DockerEngine;
  readonly #work: Workspace;
  readonly #input: NumbersInput;
  readonly #http: string;

  private constructor(engine: DockerEngine, work: Workspace, input: NumbersInput, http: string) {
    this.#engine = engine;
    this.#work = work;
    this.#input = input;
    this.#http = http;
  }

  /** @param limit of its memory; there is no swap */
  static async start(engine: DockerEngine, limit: Limit): Promise<LimitedRun> {
    const work = await Workspace.create();
    const input = await NumbersInput.start();
    input.hangs = true;
    const http = `127.0.0.1:${await freePort()}`;
    const run = new LimitedRun(engine, work, input, http);
    await run.#load(limit);
    const env = ["-e", `GRAYLOG=${new URL(input.address).host}`, "-e", `SLUICE_HTTP=${http}`];
    const { gid } = await stat(engine.socket);
    const mounts = [
      "-v",
      `${engine.socket}:/var/run/docker.sock`,
      "--group-add",
      String(gid),
      "-v",
      `${work.path("in")}:/work:ro`,
    ];
    const memory = ["--memory", `${limit.megabytes}m`, "--memory-swap", `${limit.megabytes}m`];
    await engine.docker(
      "run",
      "-d",
      "--name",
      NAME,
      "--network",
      "host",
      ...LOCKED,
      ...env,
      ...mounts,
      ...memory,
      IMAGE,
      "run",
      "/work/p.yaml",
      "--workers",
      limit.workers,
    );
    return run;
  }

  async #load(limit: Limit): Promise<void> {
    await this.#work.directory("in");
    await this.#work.directory("in/logs");
    await this.#work.write("in/p.yaml", pipeline(limit));
    const pad = "x".repeat(190);
    await this.#work.write(
      "in/logs/in.log",
      Array.from({ length: LINES.file }, (_, i) => `${i + 1} ${pad}\n`).join(""),
    );
    await this.#engine.run(script(LINES.long, 'echo "$n $p"'), "--name", "long");
    await this.#engine.run(script(LINES.short, 'echo "$n of an error" >&2'), "--name", "short");
  }

  /** Resolves when it reads no more. */
  async untilStuck(): Promise<void> {
    const isStuck = async () => {
      const before = await this.#bytesRead();
      await sleep(QUIET_MS);
      return before > 0 && before === (await this.#bytesRead());
    };
    await until(isStuck, "the sources to wait", PATIENCE_MS);
  }

  async #bytesRead(): Promise<number> {
    const answer = await fetch(`http://${this.#http}/metrics`).catch(() => undefined);
    const lines = (await answer?.text())?.split("\n") ?? [];
    const counts = lines.filter((line) => line.startsWith("sluice_component_received_bytes_total{"));
    return counts.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  goOn(): void {
    this.#input.hangs = false;
  }

  /** Resolves when every line is there. */
  async untilArrived(): Promise<void> {
    const isDone = () => Object.entries(LINES).every(([name, lines]) => this.#input.count(name) === lines);
    await until(isDone, "all lines", PATIENCE_MS);
  }

  /** The most that its control group had, in MiB, and how often the kernel killed a process for want of memory. */
  async memory(): Promise<{ readonly peak: number; readonly kills: number }> {
    const read = (...files: string[]) =>
      this.#engine.docker("exec", NAME, "sh", "-c", `cd /sys/fs/cgroup; cat ${files.join(" ")} 2>/dev/null || true`);
    // Of control groups of version 2, and of version 1.
    const peak = await read("memory.peak", "memory/memory.max_usage_in_bytes");
    const kills = await read("memory.events", "memory/memory.oom_control");
    return { peak: numberIn(peak, /^(\d+)/m) / 2 ** 20, kills: numberIn(kills, /^oom_kill (\d+)/m) };
  }

  /** Its exit code, and whether the engine says that it was killed for want of memory. */
  async stop(): Promise<string> {
    await this.#engine.docker("stop", "-t", "60", NAME);
    return this.#engine.docker("inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", NAME);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.docker("rm", "-f", "-v", NAME, "long", "short");
    await this.#input[Symbol.asyncDispose]();
    await this.#work[Symbol.asyncDispose]();
  }
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`no ${pattern} in ${text}`);
  return Number(found);
}
