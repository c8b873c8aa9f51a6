import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { DOCKER_VERSIONS, DockerEngine, requireDocker } from "../src/index.ts";

describe.each(DOCKER_VERSIONS)("a Docker Engine %s", (version) => {
  const ready = requireDocker(version);
  let engine: DockerEngine;
  beforeAll(async () => {
    if (ready) engine = await DockerEngine.start({ version, config: { "live-restore": true } });
  });
  afterAll(() => engine?.stop());

  test.runIf(ready)("is the version that it says, and runs a container", async () => {
    expect(await engine.docker("version", "--format", "{{.Server.Version}}")).toContain(`${version}.`);
    expect(await engine.docker("run", "--rm", "--network", "none", "busybox:local", "echo", "hello")).toBe("hello");
  });

  test.runIf(ready)("can lose its daemon, and take up its containers again", async () => {
    const id = await engine.run(
      "trap : TERM; i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done",
      "--name",
      "counting",
    );
    await engine.stopDaemon("KILL");
    await expect(engine.docker("ps")).rejects.toThrow("Cannot connect");
    await engine.startDaemon();
    expect(await engine.docker("inspect", "-f", "{{.Id}} {{.State.Status}}", "counting")).toBe(`${id} running`);
    await engine.stopDaemon();
    await engine.startDaemon();
    const lines = async () => (await engine.docker("logs", "counting")).split("\n").length;
    const before = await lines();
    await vi.waitFor(async () => expect(await lines()).toBeGreaterThan(before), { timeout: 60_000, interval: 200 });
  });

  test.runIf(ready)("leaves nothing behind", async () => {
    const other = await DockerEngine.start({ version, network: "private" });
    await other.run("sleep 1000");
    expect(await other.docker("network", "ls", "--format", "{{.Name}}")).toContain("bridge");
    await other.stop();
    expect(existsSync(other.dir)).toBe(false);
    const left = spawnSync("pgrep", ["-f", other.dir], { encoding: "utf8" }).stdout;
    expect(left).toBe("");
  });
});
