import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { explainPipeline, type LoadedPipeline, loadPipeline, pipelineText } from "@sluice/config";
import { describe, expect, test } from "vitest";
import { registry } from "../packages/cli/src/registry.ts";
import { YAML_BLOCKS } from "./support/documents.ts";
import { ROOT, runSluice } from "./support/process.ts";
import { Workspace } from "./support/workspace.ts";

// What hides the defaults of secrets in documents, too.
const ENV = {
  SLUICE_HASH_KEY: "k",
  NATS_PASSWORD: "p",
  S3_BUCKET: "logs",
  ADDRESS: "192.0.2.1",
  LOGGING_URL: "graylog.example.org",
  LOGGING_PORT: "12201",
};

const files = globSync(["pipelines/*.yaml", "deploy/pipelines/*.yaml"], { cwd: ROOT }).map(
  (file) => [file, readFileSync(path.join(ROOT, file), "utf8")] as const,
);

function load(text: string): Promise<LoadedPipeline> {
  return loadPipeline("/etc/sluice/some.yaml", { registry, env: ENV, readFile: async () => Buffer.from(text) });
}

/** What the components are made with, short forms in their long one. */
function meaning({ components, spec }: LoadedPipeline) {
  const long = components.map(({ kind, name, definition, options }) => {
    const isShort = typeof options !== "object" && "longForm" in definition && options !== "off";
    return { kind, name, options: isShort ? definition.options.parse(definition.longForm?.(options)) : options };
  });
  return { components: long, tests: spec?.tests.map((one) => ({ ...one, line: 0 })) };
}

function explain(loaded: LoadedPipeline): string {
  if (!loaded.spec) throw new Error(JSON.stringify(loaded.problems));
  return pipelineText(
    explainPipeline(loaded, loaded.spec, (text) => text),
    "yaml",
  );
}

describe("an explained pipeline is valid, means the same, and has no more to explain", () => {
  // Fences of documents may show a source alone; these load, too.
  const readable = YAML_BLOCKS.filter(([, text]) => !text.includes("${file:"));

  test.each([...files, ...readable])("%s", async (_name, text) => {
    const written = await load(text);
    const first = explain(written);
    const again = await load(first);
    expect(meaning(again)).toMatchObject(meaning(written));
    expect(explain(again)).toBe(first);
  });
});

const SECRETS = `
name: secrets
sources:
  bus:
    type: nats
    servers: ['nats://user:pa55-in-url@nats.example.org:4222', 'nats://u:\${NATS_PASSWORD}@other:4222']
    stream: LOGS
    token: \${file:token}
  run:
    type: exec
    command: [curl, '-H', 'Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789', 'https://x.example?api_key=0123456789abcdef']
    environment: {DB_PASSWORD: pa55-in-environment}
steps:
  - parse: \${PARSER:-nginx}
  - sanitize: {rules: [default], hash_key: '\${HASH_KEY:-pa55-by-default}', action: hash}
  - set: {labels.api_token: pa55-in-set, user.password: pa55-too}
  - convert: {token: string}
  - sanitize: {rules: [default], actions: {bearer-token: partial}}
  - rename: {password: passphrase}
  - sample: 10
    when: 'log.level == "debug"'
sinks:
  far:
    type: http
    url: https://logs.example.org/in?token=pa55-in-url
    headers: {X-Api-Key: pa55-in-header, X-Env: '\${NATS_PASSWORD}'}
    auth: {bearer: pa55-bearer}
  store:
    type: s3
    bucket: logs
    access_key_id: AKIAIOSFODNN7EXAMPLE
    secret_access_key: pa55-of-s3
    naming: laboratory
    buffer: {type: disk}
`;

describe("sluice explain", () => {
  test("hides secrets, keeps ${…} as it is, and writes short forms out", async () => {
    await using work = await Workspace.create();
    const file = await work.write("secrets.yaml", SECRETS);
    await work.write("token", "pa55-of-file\n");
    const env = { NATS_PASSWORD: "pa55-of-env", HASH_KEY: "pa55-key" };
    const { code, stdout } = await runSluice(["explain", file, "--format", "json"], { env });
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/pa55|AKIA|abcdefghij|0123456789abcdef/);
    const { sources, steps, sinks } = JSON.parse(stdout);
    expect(sources.bus.servers).toEqual([
      "nats://user:***@nats.example.org:4222",
      "nats://u:${NATS_PASSWORD}@other:4222",
    ]);
    expect(sources.bus.token).toBe("${file:token}");
    expect(sources.bus.request_timeout).toBe("5s");
    expect(steps[0].parse).toMatchObject({ parser: "${PARSER:-nginx}", field: "message" });
    expect(steps[1].sanitize).toMatchObject({ hash_key: "${HASH_KEY:-***}", budget: "50ms" });
    expect(steps[2]).toEqual({ set: { "labels.api_token": "***", "user.password": "***" } });
    expect(steps[3]).toEqual({ convert: { token: "string" } });
    expect(steps[4].sanitize.actions).toEqual({ "bearer-token": "partial" });
    expect(steps[5]).toEqual({ rename: { password: "passphrase" } });
    expect(steps[6]).toEqual({ sample: { one_in: 10 }, when: 'log.level == "debug"' });
    expect(sinks.far).toMatchObject({
      url: "https://logs.example.org/in?token=***",
      headers: { "X-Env": "${NATS_PASSWORD}" },
    });
    expect(sinks.store).toMatchObject({
      format: "raw",
      compression: "none",
      max_age: "1m",
      buffer: { size: "256MiB" },
    });
  });

  test("a pipeline without `sanitize` shows that it has one", async () => {
    await using work = await Workspace.create();
    const file = await work.write("plain.yaml", "sources: {in: {type: stdin}}\nsinks: {out: {type: stdout}}\n");
    const { code, stdout } = await runSluice(["explain", file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^name: plain\n/);
    expect(stdout).toMatch(/\n {2}- sanitize:\n {6}rules:\n {8}- default\n/);
    const explained = await work.write("explained.yaml", stdout);
    expect(await runSluice(["validate", explained])).toMatchObject({ code: 0, stderr: "" });
  });

  test("a file with errors is not explained", async () => {
    await using work = await Workspace.create();
    const file = await work.write("bad.yaml", "sources: {in: {type: stdn}}\nsinks: {out: {type: stdout}}\n");
    const { code, stdout, stderr } = await runSluice(["explain", file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("bad.yaml:1:22: unknown source type `stdn` (did you mean `stdin`?)");
  });
});
