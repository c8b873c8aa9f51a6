import path from "node:path";
import { DOCKER_VERSIONS, DockerEngine, Graylog, requireDocker } from "@sluice/testkit";
import { describe, expect, test } from "vitest";
import type { Message } from "../support/ledger.ts";
import { ROOT, type Running, start, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
/** What health checks do by the thousand: the source leaves it out, as does the comparison. */
const LEFT_OUT = /^\w+ exec_/;
/** The engine keeps 256 events, three of each check: all those of a run that nobody listens to must be among them. */
const HEALTH = ["--health-cmd", "test ! -e /ill", "--health-interval", "1s", "--health-retries", "1"];

/** `docker events` itself, from now on: what sluice has to have in the end. */
async function watch(engine: DockerEngine): Promise<{ readonly process: Running; events(): string[] }> {
  const format = "{{.Type}} {{.Action}} {{.Actor.ID}}";
  const filters = ["--filter", "type=container", "--filter", "type=image"];
  const process = start("docker", ["events", ...filters, "--format", format], { env: engine.env });
  const lines = () => process.stdout().split("\n").filter(Boolean);
  const probe = async () => {
    await engine.docker("run", "--rm", "--network", "none", "--name", "probe", "busybox:local", "true");
    return lines().length > 0;
  };
  await until(probe, "docker events to listen");
  return { process, events: () => lines().filter((line) => !LEFT_OUT.test(line)) };
}

/** Create, start, healthy, unhealthy, restart, kill, die, stop, a failing pull, rename, rm. */
async function liveAndDie(engine: DockerEngine, name: string): Promise<void> {
  const health = (wanted: string) =>
    until(
      async () => (await engine.docker("inspect", "-f", "{{.State.Health.Status}}", name)) === wanted,
      `${name} to be ${wanted}`,
      2 * MINUTES,
    );
  await engine.docker("create", "--network", "none", "--name", name, ...HEALTH, "busybox:local", "sleep", "1000");
  await engine.docker("start", name);
  await health("healthy");
  await engine.docker("exec", name, "touch", "/ill");
  await health("unhealthy");
  await engine.docker("exec", name, "rm", "/ill");
  await engine.docker("restart", "-t", "0", name);
  await health("healthy");
  await engine.docker("kill", name);
  await engine.docker("wait", name);
  await engine.docker("start", name);
  await engine.docker("stop", "-t", "0", name);
  await expect(engine.docker("pull", "127.0.0.1:9/nothing")).rejects.toThrow();
  await engine.docker("tag", "busybox:local", `${name}:tagged`);
  await engine.docker("rmi", `${name}:tagged`);
  await engine.docker("rename", name, `${name}-after`);
  await engine.docker("rm", `${name}-after`);
  const failing = await engine.run("exit 3", "--name", `${name}-failing`);
  await engine.docker("wait", failing);
  await engine.docker("rm", failing);
}

const lineOf = (message: Message) =>
  ["_docker_event_type", "_docker_event_action", "_docker_event_id"].map((name) => String(message[name])).join(" ");

/** Each event once, in the order in which they happened. */
function distinct(messages: readonly Message[]): Message[] {
  const byId = new Map(messages.map((message) => [message["_event_id"], message]));
  const time = (message: Message) => String(message["_event_id"]);
  return [...byId.values()].toSorted((a, b) => (time(a) < time(b) ? -1 : 1));
}

// Most of the time goes by while checks are waited for: the engines live side by side.
describe.concurrent.each(DOCKER_VERSIONS)("docker_events with Docker %s", (version) => {
  test.runIf(requireDocker(version))(
    "a scripted run arrives complete, also what happens while sluice is killed and away",
    { timeout: 15 * MINUTES },
    async () => {
      await using work = await Workspace.create();
      await using engine = await DockerEngine.start({ version });
      const graylog = await Graylog.start();
      const pipeline = path.join(ROOT, "pipelines/docker-events-to-graylog.yaml");
      const env = {
        DOCKER_HOST: `unix://${engine.socket}`,
        GRAYLOG_HOST: "127.0.0.1",
        GRAYLOG_PORT: String(graylog.port),
      };
      const run = () => startSluice(["run", pipeline, "--state-dir", work.path("state"), "--http", "off"], { env });
      const reference = await watch(engine);
      let sluice = run();
      try {
        const arrived = async () => distinct(await graylog.accepted());
        const isListening = async () => {
          await engine.docker("run", "--rm", "--network", "none", "busybox:local", "true");
          return (await arrived()).length > 0;
        };
        await until(isListening, "sluice to listen", 2 * MINUTES);
        const before = new Set([...reference.events(), ...(await arrived()).map(lineOf)]);
        await liveAndDie(engine, "watched");
        await sluice.kill("SIGKILL");
        await liveAndDie(engine, "unwatched");
        sluice = run();
        await liveAndDie(engine, "again");
        const wanted = () => reference.events().filter((line) => !before.has(line));
        const got = async () => (await arrived()).map(lineOf).filter((line) => !before.has(line));
        const isThere = async () => (await got()).some((line) => line === wanted().at(-1));
        await until(isThere, "the last event", 2 * MINUTES);
        expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
        expect((await got()).toSorted()).toEqual(wanted().toSorted());
        const actions = new Set((await got()).map((line) => line.split(" ").slice(1, -1).join(" ")));
        for (const action of ["create", "start", "kill", "die", "stop", "restart", "destroy", "rename", "tag"])
          expect(actions).toContain(action);
        expect(actions).toContain("health_status: healthy");
        expect(actions).toContain("health_status: unhealthy");
        const ill = (await arrived()).filter((message) => message["_docker_event_detail"] === "unhealthy");
        expect(ill.map(({ level, _event_action: action }) => [level, action])).toEqual(
          ill.map(() => [4, "health_status"]),
        );
        process.stdout.write(
          `Docker ${version}: ${wanted().length} events, ${(await graylog.accepted()).length} messages\n`,
        );
        expect(await graylog.rejected()).toEqual([]);
      } finally {
        await sluice.kill("SIGKILL");
        await reference.process.kill("SIGKILL");
        await graylog.stop();
      }
    },
  );
});
