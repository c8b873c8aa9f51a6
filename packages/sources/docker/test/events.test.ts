import type { Value } from "@sluice/core";
import { DOCKER_VERSIONS, DockerEngine, FakeSourceContext, requireDocker } from "@sluice/testkit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { eventsSource } from "./harness.ts";

const SOON = { timeout: 60_000, interval: 50 };

/** Fields of all events that left. */
function fieldsOf(ctx: FakeSourceContext) {
  return ctx.batches.flatMap(({ framing }) =>
    framing.kind === "records"
      ? Object.values(framing.extra ?? {}).map((fields) => fields as Record<string, Value>)
      : [],
  );
}

const actionsOf = (ctx: FakeSourceContext, id: string) =>
  fieldsOf(ctx)
    .filter((fields) => fields["docker.event.id"] === id)
    .map((fields) => fields["docker.event.action"]);

async function listening(engine: DockerEngine, state?: ReadonlyMap<string, Value>, options: object = {}) {
  const ctx = new FakeSourceContext({ remember: false, ...(state && { state }) });
  const ended = eventsSource(engine, options).run(ctx);
  await vi.waitFor(() => expect(ctx.batches.length).toBeGreaterThan(0), SOON);
  return { ctx, stop: async () => (ctx.end(), await ended, ctx.state.all()) };
}

describe.each(DOCKER_VERSIONS)("docker_events on Docker %s", (version) => {
  const ready = requireDocker(version);
  let engine: DockerEngine;
  beforeAll(async () => {
    if (ready) engine = await DockerEngine.start({ version });
  });
  afterAll(() => engine?.stop());

  test.runIf(ready)("tells all that happens in a life, as docker itself does", async () => {
    const { ctx, stop } = await listening(engine);
    const health = ["--health-cmd", "true", "--health-interval", "200ms", "--label", "com.docker.compose.service=web"];
    const id = await engine.docker(
      "create",
      "--network",
      "none",
      "--name",
      "life",
      ...health,
      "busybox:local",
      "sleep",
      "1000",
    );
    await engine.docker("start", id);
    await vi.waitFor(() => expect(actionsOf(ctx, id)).toContain("health_status: healthy"), SOON);
    await engine.docker("restart", "-t", "0", id);
    await engine.docker("stop", "-t", "0", id);
    await engine.docker("start", id);
    await engine.docker("kill", id);
    await engine.docker("wait", id);
    await expect(engine.docker("pull", "127.0.0.1:9/nothing")).rejects.toThrow();
    await engine.docker("rename", id, "after");
    await engine.docker("rm", id);
    await vi.waitFor(() => expect(actionsOf(ctx, id)).toContain("destroy"), SOON);
    const now = String(Math.ceil(Date.now() / 1000) + 1);
    const format = "{{.Type}} {{.Action}} {{.Actor.ID}}";
    const told = await engine.docker(
      "events",
      "--since",
      "0",
      "--until",
      now,
      "--filter",
      "type=container",
      "--format",
      format,
    );
    const lines = told.split("\n").filter((line) => line.endsWith(id) && !line.includes(" exec_"));
    const expected = lines.map((line) => line.slice("container ".length, -id.length - 1));
    expect(actionsOf(ctx, id)).toEqual(expected);
    const fields = fieldsOf(ctx).filter((event) => event["docker.event.id"] === id);
    expect(fields.find((event) => event["event.action"] === "die")).toMatchObject({
      "@timestamp": expect.stringMatching(/^\d{4}-.*\.\d{9}Z$/),
      "event.id": expect.stringMatching(/^docker-event-\d{10}\.\d{9}-[0-9a-f]{12}$/),
      "container.id": id,
      "container.name": "life",
      "container.image.name": "busybox",
      "service.name": "web",
      "process.exit_code": 137,
      "log.level": "warning",
      "docker.event.attributes.com_docker_compose_service": "web",
    });
    await stop();
  });

  test.runIf(ready)("goes on where it was stopped, without a repeat", async () => {
    const first = await listening(engine);
    const one = await engine.run("exit 3");
    await engine.docker("wait", one);
    await vi.waitFor(() => expect(actionsOf(first.ctx, one)).toContain("die"), SOON);
    const state = await first.stop();
    const two = await engine.run("true");
    await engine.docker("wait", two);
    const second = await listening(engine, state);
    await vi.waitFor(() => expect(actionsOf(second.ctx, two)).toEqual(["create", "start", "die"]), SOON);
    expect(actionsOf(second.ctx, one)).toEqual([]);
    await second.stop();
    const positions = second.ctx.records.map(({ position }) => position);
    expect(positions).toEqual([...positions].toSorted((a, b) => a - b));
  });

  test.runIf(ready)("concludes what happened from what there is, when the engine has forgotten", async () => {
    const life = (name: string) => engine.run("exec sleep 1000", "--name", name, "--stop-signal", "KILL");
    const [goes, dies] = [await life("goes"), await life("dies")];
    const first = await listening(engine, undefined, { exclude_containers: "other" });
    const state = await first.stop();
    await engine.docker("rm", "-f", goes);
    const comes = await life("comes");
    await engine.stopDaemon();
    await engine.startDaemon();
    const second = await listening(engine, state);
    await vi.waitFor(() => expect(actionsOf(second.ctx, goes)).toEqual(["destroy"]), SOON);
    await vi.waitFor(() => expect(actionsOf(second.ctx, comes)).toEqual(["create", "start", "die"]), SOON);
    expect(actionsOf(second.ctx, dies)).toEqual(["die"]);
    const concluded = fieldsOf(second.ctx).filter((fields) => fields["docker.event.id"] === comes);
    expect(concluded.map((fields) => fields["docker.event.concluded"])).toEqual([true, true, true]);
    expect(concluded[2]).toMatchObject({ "container.name": "comes", "process.exit_code": 137 });
    const third = new FakeSourceContext({ finite: true, state: await second.stop() });
    await eventsSource(engine).run(third);
    expect(fieldsOf(third)).toEqual([]);
  });
});
