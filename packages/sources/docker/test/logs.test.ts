import { checkSource, DOCKER_VERSIONS, DockerEngine, FakeSourceContext, requireDocker } from "@sluice/testkit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { logsSource, RunningLogs, rememberingLogger } from "./harness.ts";

const SOON = { timeout: 60_000, interval: 50 };
const ended = (engine: DockerEngine, id: string) => engine.docker("wait", id);

describe.each(DOCKER_VERSIONS)("docker_logs on Docker %s", (version) => {
  const ready = requireDocker(version);
  let engine: DockerEngine;
  beforeAll(async () => {
    if (ready) engine = await DockerEngine.start({ version });
  });
  afterAll(() => engine?.stop());

  test.runIf(ready)("keeps the contract of sources", async () => {
    const id = await engine.run("i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; done");
    await ended(engine, id);
    const expected = Array.from({ length: 300 }, (_, i) => `line ${i + 1}`);
    await checkSource({ create: () => logsSource(engine, { containers: [id] }), expected, resumable: true });
  });

  test.runIf(ready).for(["json-file", "local"])("keeps outputs and long lines apart and whole: %s", async (driver) => {
    const script =
      'head -c 40000 /dev/zero | tr "\\0" A; echo; echo; printf "bad\\377utf8\\n"; printf "crlf\\r\\n"; echo err >&2; printf last';
    const options = ["--label", "a.b=c", "--name", driver, "--log-driver", driver];
    const id = await engine.run(script, ...options, "--label", "com.docker.compose.service=web");
    await ended(engine, id);
    const ctx = new FakeSourceContext({ finite: true });
    await logsSource(engine, { containers: driver }).run(ctx);
    const out = ctx.batches.filter(({ stream }) => stream.fields["stream"] === "stdout");
    // Docker's json-file driver itself replaces what is no UTF-8.
    const bad = driver === "local" ? Buffer.from([0xff]) : Buffer.from("\ufffd");
    expect(Buffer.concat(out.map(({ data }) => data)).includes(bad)).toBe(true);
    expect(ctx.texts.filter((text) => text !== "err")).toEqual([
      "A".repeat(40_000),
      "",
      "bad\ufffdutf8",
      "crlf",
      "last",
    ]);
    for (const { stream } of out) expect(stream.fields).not.toHaveProperty("log.syslog.priority");
    const err = ctx.batches.find(({ stream }) => stream.fields["stream"] === "stderr");
    expect(err?.stream.fields).toMatchObject({
      "container.id": id,
      "container.name": driver,
      "container.image.name": "busybox",
      "container.image.tag": ["local"],
      "container.labels.a_b": "c",
      "service.name": "web",
      image_name: "busybox:local",
      tag: id.slice(0, 12),
      // As Docker's gelf driver: GELF makes `level` 3 of it.
      "log.syslog.priority": 27,
      command: `sh -c ${script}`,
    });
  });

  test.runIf(ready)("reads a terminal, with parts of long lines joined", async () => {
    const script =
      'echo one; head -c 40000 /dev/zero | tr "\\0" B; echo; echo err >&2; printf "\\033[31mred\\033[0m\\n"';
    const id = await engine.run(script, "--tty");
    await ended(engine, id);
    const ctx = new FakeSourceContext({ finite: true });
    await logsSource(engine, { containers: [id] }).run(ctx);
    expect(ctx.texts).toEqual(["one", "B".repeat(40_000), "err", "\u001b[31mred\u001b[0m"]);
  });

  test.runIf(ready)("follows containers that come, stop, start again and go", async () => {
    await using running = new RunningLogs(engine, { labels: ["test=comes"] });
    const id = await engine.run("echo run; exec sleep 1000", "--label", "test=comes", "--stop-signal", "KILL");
    await vi.waitFor(() => expect(running.lines(id)).toEqual(["run"]), SOON);
    await engine.docker("restart", "-t", "0", id);
    await vi.waitFor(() => expect(running.lines(id)).toEqual(["run", "run"]), SOON);
    await engine.docker("kill", id);
    await engine.docker("start", id);
    await vi.waitFor(() => expect(running.lines(id)).toEqual(["run", "run", "run"]), SOON);
    const short = await engine.run("echo short", "--label", "test=comes");
    await vi.waitFor(() => expect(running.lines(short)).toEqual(["short"]), SOON);
    await engine.docker("rm", "-f", id);
    await vi.waitFor(() => expect(running.ctx.state.all().has(id)).toBe(false), SOON);
  });

  test.runIf(ready)("outlives its daemon", async () => {
    await using running = new RunningLogs(engine, { labels: ["test=daemon"] });
    const id = await engine.run(
      "i=$(cat /n || echo 0); while :; do i=$((i+1)); echo $i; echo $i > /n; sleep 0.05; done",
      "--label",
      "test=daemon",
      "--restart",
      "always",
      "--stop-signal",
      "KILL",
    );
    const count = () => running.lines(id).length;
    await vi.waitFor(() => expect(count()).toBeGreaterThan(5), SOON);
    await engine.stopDaemon();
    await engine.startDaemon();
    const before = count();
    await vi.waitFor(() => expect(count()).toBeGreaterThan(before + 5), SOON);
    await engine.docker("rm", "-f", id);
    await vi.waitFor(() => expect(running.ctx.state.all().has(id)).toBe(false), SOON);
    const log = running.lines(id).map(Number);
    // The number in the file may be behind the one that was printed when the container was killed.
    for (let i = 1; i < log.length; i++) expect([0, 1]).toContain((log[i] as number) - (log[i - 1] as number));
  });

  test.runIf(ready)("loses nothing while it waits for the sink and the log is rotated", async () => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    const options = { labels: ["test=slow"], read_ahead: "64KiB" };
    await using running = new RunningLogs(engine, options, { gate: () => opened });
    const script = 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "$i of a number of lines"; done; exec sleep 1000';
    const rotated = ["--log-opt", "max-size=100k", "--log-opt", "max-file=50"];
    const id = await engine.run(script, "--label", "test=slow", "--stop-signal", "KILL", ...rotated);
    await vi.waitFor(async () => expect(await engine.docker("logs", "--tail", "1", id)).toMatch(/^20000 /), SOON);
    open();
    await vi.waitFor(() => expect(running.lines(id).length).toBeGreaterThanOrEqual(20_000), SOON);
    const numbers = running.lines(id).map((line) => Number.parseInt(line, 10));
    expect(numbers).toEqual(Array.from({ length: 20_000 }, (_, i) => i + 1));
  });

  test.runIf(ready)("tells of lines that rotation deleted before they were read", async () => {
    const script =
      'echo first; while [ ! -e /go ]; do sleep 0.05; done; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "$i"; done';
    const id = await engine.run(script, "--log-opt", "max-size=20k", "--log-opt", "max-file=2");
    await vi.waitFor(async () => expect(await engine.docker("logs", id)).toBe("first"), SOON);
    const before = new FakeSourceContext({ finite: true });
    await logsSource(engine, { containers: [id] }).run(before);
    expect(before.texts).toEqual(["first"]);
    await engine.docker("exec", id, "touch", "/go");
    await ended(engine, id);
    const after = new FakeSourceContext({ finite: true, state: before.state.all() });
    await logsSource(engine, { containers: [id] }).run(after);
    const [gap, ...lines] = after.texts;
    expect(gap).toMatch(/^lines of container .* between .* and .* were deleted by Docker's log rotation/);
    expect(Number(lines[0])).toBeGreaterThan(1);
    expect(lines.map(Number)).toEqual(Array.from(lines, (_, i) => 3001 - lines.length + i));
  });

  test.runIf(ready)("says once that a driver keeps no log", async () => {
    const log = rememberingLogger();
    const id = await engine.run("echo silent", "--log-driver", "none", "--label", "test=none");
    await ended(engine, id);
    await using _running = new RunningLogs(engine, { labels: ["test=none"] }, { log });
    const told = () => log.entries.filter(({ message }) => message.includes("keeps no log"));
    await vi.waitFor(() => expect(told().length).toBe(1), SOON);
    await engine.docker("start", id);
    await ended(engine, id);
    expect(told().length).toBe(1);
  });
});
