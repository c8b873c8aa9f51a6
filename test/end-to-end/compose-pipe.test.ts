import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import {
  DOCKER_VERSIONS,
  DockerEngine,
  type DockerVersion,
  Graylog,
  requireDebian,
  requireDocker,
} from "@sluice/testkit";
import { describe, expect, test } from "vitest";
import type { Message } from "../support/ledger.ts";
import { type Running, SLUICE, start } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const LINES = 60;

/** Version 1 is a program of its own, and version 2 comes with the engine. */
function composeFor(version: DockerVersion): readonly string[] | null {
  if (!requireDocker(version)) return null;
  if (version !== "20.10") return ["docker", "compose"];
  return requireDebian(["docker-compose"]) ? ["docker-compose"] : null;
}

/** Lines that look like compose's own, colours, and an empty one (so told to Graylog) are lines like any other. */
const ODD = [
  "\u001b[31mred\u001b[0m and plain",
  "web_1  | not compose's",
  "(no message)",
  "worker-1 exited with code 0, it says",
];
const PRINT_ODD =
  "printf '\\033[31mred\\033[0m and plain\\nweb_1  | not compose'\"'\"'s\\n\\nworker-1 exited with code 0, it says\\n'";
const count = (text: string) => `n=0; while [ $$n -lt ${LINES} ]; do n=$$((n+1)); ${text}; done`;
const WAIT = "echo ready; while [ ! -e /gate/go ]; do sleep 0.2; done";

const project = (gate: string) => `version: '3'
services:
  web:
    image: busybox:local
    network_mode: none
    volumes: ['${gate}:/gate']
    command: [sh, -c, ${JSON.stringify(`${WAIT}; ${PRINT_ODD}; ${count('echo "GET /$$n"; echo "warn $$n" >&2')}`)}]
  worker:
    image: busybox:local
    network_mode: none
    tty: true
    volumes: ['${gate}:/gate']
    command: [sh, -c, ${JSON.stringify(`${WAIT}; ${count('echo "job $$n"')}; exit 2`)}]
`;

/** How compose is asked for logs: plain as the seed does it, and in colours. */
const STYLES = ["logs -f --no-color -t", "--ansi always logs -f -t"];

/** Compose in the one directory, its output piped into a sluice that parses it; both end with compose. */
class Piped implements AsyncDisposable {
  readonly #graylog: Graylog;
  readonly #compose: Running;
  readonly #sluice: Running;

  private constructor(graylog: Graylog, compose: Running, sluice: Running) {
    this.#graylog = graylog;
    this.#compose = compose;
    this.#sluice = sluice;
  }

  static async start(
    work: Workspace,
    engine: DockerEngine,
    command: readonly string[],
    parser: string,
    name: string = parser,
  ): Promise<Piped> {
    const graylog = await Graylog.start();
    const pipe = work.path(`${name}.pipe`);
    await promisify(execFile)("mkfifo", [pipe]);
    const file = await work.write(
      `${name}.yaml`,
      `name: piped
sources:
  compose: {type: stdin}
steps:
  - parse: ${parser}
sinks:
  graylog: {type: gelf, address: '${graylog.address}'}
`,
    );
    const reading = `exec "$0" run ${file} --state-dir ${work.path(`${name}.state`)} --http off < ${pipe}`;
    const sluice = start("sh", ["-c", reading, SLUICE]);
    const compose = start("sh", ["-c", `exec "$@" > ${pipe}`, "sh", ...command], { cwd: work.dir, env: engine.env });
    return new Piped(graylog, compose, sluice);
  }

  messages(): Promise<Message[]> {
    return this.#graylog.accepted();
  }

  /** Waits for compose, or ends it, and for sluice behind it. */
  async finish(signal?: NodeJS.Signals): Promise<void> {
    await (signal ? this.#compose.kill(signal) : this.#compose.ended);
    expect(await this.#sluice.ended, this.#sluice.stderr()).toBe(0);
    expect(await this.#graylog.rejected()).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#compose.kill("SIGKILL");
    await this.#sluice.kill("SIGKILL");
    await this.#graylog.stop();
  }
}

const textsOf = (messages: readonly Message[], service: string) =>
  messages
    .filter((message) => message["_service_name"] === service && message["_event_action"] === undefined)
    .map((message) => message["short_message"]);

const numbered = (text: string) => Array.from({ length: LINES }, (_, i) => `${text}${i + 1}`);

/** All lines of both services, in order, as fields. Gives one of the worker's. */
async function checkLogs(logs: Piped): Promise<Message | undefined> {
  const messages = await logs.messages();
  expect(messages.filter((message) => message["_tags"] !== undefined)).toEqual([]);
  const web = textsOf(messages, "web").slice(1);
  expect(web.filter((text) => !String(text).startsWith("warn "))).toEqual([...ODD, ...numbered("GET /")]);
  expect(web.filter((text) => String(text).startsWith("warn "))).toEqual(numbered("warn "));
  expect(textsOf(messages, "worker").slice(1)).toEqual(numbered("job "));
  const line = messages.find((message) => message["short_message"] === "job 1");
  expect(line?.["_container_name"]).toMatch(/worker[-_]1$/);
  return line;
}

const OWN = { project: "shop", service: "web", "container-number": "9", oneoff: "False", version: "1.29.2" };
const LABELS = Object.entries(OWN).flatMap(([name, value]) => ["--label", `com.docker.compose.${name}=${value}`]);

/** Version 1 takes seconds until it listens: containers of the project are made until it tells of one. */
async function untilItListens(events: Piped, engine: DockerEngine): Promise<void> {
  const isHeard = async () => {
    await engine.docker("create", "--name", "probe", ...LABELS, "busybox:local");
    await sleep(500);
    await engine.docker("rm", "probe");
    return (await events.messages()).length > 0;
  };
  await until(isHeard, "compose to tell of events", 3 * MINUTES);
}

describe.concurrent.each(DOCKER_VERSIONS)("compose with Docker %s", (version) => {
  const compose = composeFor(version);
  const title = `piped text of \`${STYLES.join("`, `")}\` and of events is parsed`;

  test.runIf(compose)(title, { timeout: 8 * MINUTES }, async () => {
    const command = [...(compose as readonly string[]), "-p", "shop"];
    await using work = await Workspace.create();
    await using engine = await DockerEngine.start({ version });
    const gate = await work.directory("gate");
    await work.write("docker-compose.yml", project(gate));
    const run = (...args: string[]) =>
      promisify(execFile)(command[0] as string, [...command.slice(1), ...args], { cwd: work.dir, env: engine.env });
    await using events = await Piped.start(work, engine, [...command, "events", "--json"], "docker_events");
    await untilItListens(events, engine);
    await run("up", "-d");
    const read = (style: string, i: number) =>
      Piped.start(work, engine, [...command, ...style.split(" ")], "docker_compose_logs", `logs-${i}`);
    await using all = new AsyncDisposableStack();
    const logs = (await Promise.all(STYLES.map(read))).map((piped) => all.use(piped));
    const isReady = async (piped: Piped, service: string) => textsOf(await piped.messages(), service).includes("ready");
    for (const piped of logs)
      for (const service of ["web", "worker"])
        await until(() => isReady(piped, service), `${service} to be ready`, 3 * MINUTES);
    await writeFile(`${gate}/go`, "");
    for (const piped of logs) await piped.finish();

    const lines = await Promise.all(logs.map(checkLogs));
    // Docker's own time, not that of reading.
    const id = (await run("ps", "-a", "-q", "worker")).stdout.trim();
    const log = await engine.docker("logs", "-t", id);
    const stamp = log.split("\n").find((text) => text.includes(" job 1")) as string;
    for (const line of lines)
      expect(line?.["timestamp"]).toBeCloseTo(Date.parse(stamp.split(" ")[0] as string) / 1000, 2);

    const died = async () =>
      (await events.messages()).filter((message) => message["_event_action"] === "die").length === 2;
    await until(died, "both services to be reported dead", 3 * MINUTES);
    await events.finish("SIGTERM");
    const told = (await events.messages()).filter((message) => message["_service_name"] === "worker");
    expect(told.map((message) => message["_event_action"])).toEqual(["create", "start", "die"]);
    expect(told[2]).toMatchObject({ _process_exit_code: 2, _container_id: id, level: 4 });
  });
});
