import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DockerEngine, Graylog, requireDocker } from "@sluice/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImage, IMAGE, LOCKED } from "../support/image.ts";
import { type Limit, LimitedRun } from "../support/limited-run.ts";
import { freePort } from "../support/network.ts";
import { until } from "../support/wait.ts";

const MINUTES = 60_000;
const isLong = process.env["SLUICE_LONG_TESTS"] !== undefined;
const PATIENCE = 3 * MINUTES;
const execute = promisify(execFile);
/** What the image adds to its base, in MB. */
const MOST_ADDED_MB = 70;
/** What docs/sidecar.md says that sluice works in: as it is, and when it is told to take less. */
const LIMITS: readonly Limit[] = [
  { megabytes: 256, readAhead: "32MiB", buffer: "16MiB", workers: "auto" },
  ...(isLong ? [{ megabytes: 160, readAhead: "4MiB", buffer: "4MiB", workers: "1" }] : []),
];

const versions = isLong ? (["28.5", "20.10"] as const) : (["28.5"] as const);

describe.each(versions)("the image, built and run by Docker %s", (version) => {
  const ready = requireDocker(version);
  let engine: DockerEngine;
  let graylog: Graylog;
  beforeAll(async () => {
    if (!ready) return;
    engine = await DockerEngine.start({ version });
    graylog = await Graylog.start();
    await buildImage(engine);
  }, 9 * MINUTES);
  afterAll(async () => {
    await graylog?.stop();
    await engine?.stop();
  });

  const inImage = (...args: readonly string[]) =>
    engine.docker(
      "run",
      "--rm",
      "--network",
      "none",
      ...LOCKED,
      "--entrypoint",
      args[0] as string,
      IMAGE,
      ...args.slice(1),
    );
  const inspect = (what: string, format: string) => engine.docker("inspect", "--format", format, what);

  /** Starts sluice on the volumes `logs` and `state`; `docker inspect` looks after its health every second. */
  async function startSluice(name: string): Promise<void> {
    const env = { GRAYLOG_HOST: "127.0.0.1", GRAYLOG_PORT: graylog.port, SLUICE_HTTP: `127.0.0.1:${await freePort()}` };
    const variables = Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`]);
    const volumes = ["-v", "logs:/var/log/nginx:ro", "-v", "state:/var/lib/sluice"];
    const health = ["--health-interval", "1s", "--health-start-period", "1ms"];
    await engine.docker(
      "run",
      "-d",
      "--name",
      name,
      "--network",
      "host",
      ...LOCKED,
      ...variables,
      ...volumes,
      ...health,
      IMAGE,
    );
  }

  /** Milliseconds between the start of a container's process and sluice's own word that it is running. */
  async function startUpMs(name: string): Promise<number> {
    // The log goes to stderr.
    const { stderr } = await execute("docker", ["logs", "--timestamps", name], { env: engine.env });
    const lines = stderr.split("\n");
    const running = lines.find((line) => line.includes('"running"')) ?? "";
    return Date.parse(running.split(" ")[0] as string) - Date.parse(await inspect(name, "{{.State.StartedAt}}"));
  }

  test.runIf(ready)("holds what it needs, and nothing for development", async () => {
    expect(await inImage("sluice", "--version")).toMatch(/^\d+\.\d+\.\d+$/);
    const modules = (await inImage("ls", "/opt/sluice/node_modules")).split(/\s+/);
    expect(modules).toContain("@aws-sdk");
    expect(
      modules.filter((name) => /^(typescript|rolldown|vitest|oxlint|knip|node-linux|@biomejs|@types)/.test(name)),
    ).toEqual([]);
    const [whole, base] = await Promise.all([IMAGE, "node:26-bookworm-slim"].map((name) => inspect(name, "{{.Size}}")));
    const added = (Number(whole) - Number(base)) / 1e6;
    process.stdout.write(`the image adds ${added.toFixed(0)} MB to its base\n`);
    expect(added).toBeLessThan(MOST_ADDED_MB);
    expect(await inspect(IMAGE, "{{.Config.User}} {{.Config.Volumes}}")).toBe("10001:10001 map[/var/lib/sluice:{}]");
  });

  test.runIf(ready)("says what its script for Graylog needs", async () => {
    await expect(inImage("node", "/opt/sluice/deploy/create-input.ts")).rejects.toThrow(/set GRAYLOG_PASSWORD/);
  });

  test.runIf(ready)(
    "delivers what the container beside it logs, and goes on after a restart",
    { timeout: 8 * MINUTES },
    async () => {
      const line = '198.51.100.2 - - [10/Jan/2017:13:06:27 -0300] "GET /$n HTTP/1.1" 200 5 "-" "curl/8"';
      const script = `n=0; while :; do n=$((n+1)); echo "${line.replaceAll('"', '\\"')}" >> /logs/access.log; sleep 0.02; done`;
      await engine.run(script, "--name", "web", "-v", "logs:/logs");
      const paths = async () => (await graylog.accepted()).map((message) => message["_url_path"] as string);
      await startSluice("first");
      await until(async () => (await paths()).length > 0, "the first line to arrive", PATIENCE);
      process.stdout.write(`running ${await startUpMs("first")} ms after its process began\n`);
      await until(
        async () => (await inspect("first", "{{.State.Health.Status}}")) === "healthy",
        "it to be healthy",
        PATIENCE,
      );
      expect(await engine.docker("exec", "first", "id", "-u")).toBe("10001");
      expect(await engine.docker("exec", "first", "readlink", "/proc/1/exe")).toMatch(/node$/);
      expect(await engine.docker("exec", "first", "stat", "-c", "%a", "/var/lib/sluice")).toBe("750");

      await engine.docker("stop", "-t", "60", "first");
      expect(await inspect("first", "{{.State.ExitCode}} {{.State.OOMKilled}}")).toBe("0 false");
      // Nothing but the place where the logs were mounted.
      expect(await engine.docker("diff", "first")).toBe("C /var\nC /var/log\nA /var/log/nginx");
      await startSluice("second");
      const before = (await paths()).length;
      await until(async () => (await paths()).length > before + 100, "more lines to arrive", PATIENCE);
      await engine.docker("rm", "-f", "web");
      await engine.docker("stop", "-t", "60", "second");
      const numbers = (await paths()).map((text) => Number(text.slice(1)));
      expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1));
    },
  );

  const limited = "is not killed in $megabytes MiB while Graylog hangs under load, and loses nothing";
  test.runIf(ready).for(LIMITS)(limited, { timeout: 8 * MINUTES }, async (limit) => {
    await using run = await LimitedRun.start(engine, limit);
    await run.untilStuck();
    run.goOn();
    await run.untilArrived();
    const { peak, kills } = await run.memory();
    process.stdout.write(`in ${limit.megabytes} MiB: at most ${peak.toFixed(0)} MiB\n`);
    expect(kills).toBe(0);
    expect(await run.stop()).toBe("0 false");
  });

  test.runIf(ready)("becomes unhealthy when sluice does not answer", { timeout: 8 * MINUTES }, async () => {
    const health = [
      "--health-interval",
      "1s",
      "--health-retries",
      "1",
      "--health-timeout",
      "20s",
      "--health-start-period",
      "1ms",
    ];
    await engine.docker(
      "run",
      "-d",
      "--name",
      "hung",
      "--network",
      "none",
      ...LOCKED,
      ...health,
      "--entrypoint",
      "sleep",
      IMAGE,
      "600",
    );
    await until(
      async () => (await inspect("hung", "{{.State.Health.Status}}")) === "unhealthy",
      "it to be unhealthy",
      PATIENCE,
    );
  });
});
