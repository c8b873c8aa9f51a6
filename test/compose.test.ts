import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { dockerRoot, requireDocker } from "@sluice/testkit";
import { describe, expect, test } from "vitest";
import { ROOT, runSluice } from "./support/process.ts";
import { Workspace } from "./support/workspace.ts";

// The real Docker Compose, of the newest engine that the tests use.
const VERSION = "28.5";
const COMPOSE = path.join(dockerRoot(VERSION), "usr/libexec/docker/cli-plugins/docker-compose");
const execute = promisify(execFile);

interface Service {
  readonly image: string;
  readonly environment?: Record<string, string>;
  readonly entrypoint?: readonly string[] | null;
  readonly command?: readonly string[] | null;
  readonly ports?: readonly { readonly host_ip?: string; readonly target: number }[];
  readonly volumes?: readonly {
    readonly source: string;
    readonly target: string;
    readonly read_only?: boolean;
    readonly volume?: object;
  }[];
  readonly [option: string]: unknown;
}

const makeEnv = () => execFileSync("sh", [path.join(ROOT, "deploy/compose/make-env.sh")], { encoding: "utf8" });
const variablesOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split("\n")
      .filter((line) => /^[A-Z]/.test(line))
      .map((line) => line.split("=")),
  );

async function config(envText: string): Promise<Record<string, Service>> {
  await using work = await Workspace.create();
  const file = await work.write("env", envText);
  const { stdout } = await execute(COMPOSE, ["--env-file", file, "config", "--format", "json"], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], HOME: work.dir },
  });
  return JSON.parse(stdout).services;
}

test("the secrets are new each time, and fit together", () => {
  const [one, other] = [variablesOf(makeEnv()), variablesOf(makeEnv())];
  expect(Object.keys(one)).toEqual(Object.keys(other));
  expect(one["GRAYLOG_PASSWORD_SECRET"]).not.toBe(other["GRAYLOG_PASSWORD_SECRET"]);
  // Graylog wants 16 characters at least, sluice too.
  for (const name of ["GRAYLOG_PASSWORD_SECRET", "SLUICE_HTTP_TOKEN", "S3_SECRET_KEY", "GRAYLOG_PASSWORD"]) {
    expect(one[name]).toMatch(/^[A-Za-z0-9]{24,}$/);
  }
  const hash = createHash("sha256")
    .update(one["GRAYLOG_PASSWORD"] as string)
    .digest("hex");
  expect(one["GRAYLOG_ROOT_PASSWORD_SHA2"]).toBe(hash);
});

describe.runIf(requireDocker(VERSION))("docker compose config", () => {
  test("brings up the whole picture, and publishes it on the loopback only", async () => {
    const services = await config(makeEnv());
    expect(Object.keys(services).toSorted()).toEqual(
      ["nginx", "sluice", "graylog", "graylog-input", "datanode", "mongodb", "s3"].toSorted(),
    );
    for (const { ports = [] } of Object.values(services)) {
      expect(ports.filter(({ host_ip }) => host_ip !== "127.0.0.1")).toEqual([]);
    }
    // A tag names a version, so that the picture is the same tomorrow.
    for (const { image } of Object.values(services)) expect(image).toMatch(/:(\d+\.\d+|local)/);
    expect(services["datanode"]?.environment?.["GRAYLOG_DATANODE_PASSWORD_SECRET"]).toBe(
      services["graylog"]?.environment?.["GRAYLOG_PASSWORD_SECRET"],
    );
  });

  test("locks sluice up, and gives it time to drain", async () => {
    const { sluice } = (await config(makeEnv())) as { sluice: Service };
    expect(sluice).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    expect(sluice["stop_grace_period"]).toBe("45s");
    const writable = sluice.volumes?.filter(({ read_only }) => !read_only).map(({ target }) => target);
    expect(writable).toEqual(["/var/lib/sluice"]);
  });

  test("runs a pipeline that is there and valid with its variables, and a script that is there", async () => {
    const { sluice, nginx, "graylog-input": input } = (await config(makeEnv())) as Record<string, Service>;
    const wanted = sluice?.command?.at(-1);
    const mounted = sluice?.volumes?.find(({ target }) => target === wanted);
    const env = sluice?.environment ?? {};
    expect(await runSluice(["validate", mounted?.source as string], { env })).toMatchObject({ code: 0, stderr: "" });
    expect(await runSluice(["test", mounted?.source as string], { env })).toMatchObject({ code: 0 });
    const script = path.basename(input?.entrypoint?.[1] as string);
    expect(existsSync(path.join(ROOT, "deploy/graylog", script))).toBe(true);
    expect(nginx?.volumes?.[0]).toMatchObject({ source: "nginx-logs", volume: { nocopy: true } });
    expect(sluice?.volumes).toContainEqual(expect.objectContaining({ source: "nginx-logs", read_only: true }));
  });

  test("says what to do where the secrets are missing", async () => {
    await expect(config("")).rejects.toThrow(/run deploy\/compose\/make-env.sh/);
  });
});
