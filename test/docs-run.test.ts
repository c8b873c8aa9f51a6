import { describe, expect, test } from "vitest";
import { commandLines } from "./support/documents.ts";
import { ROOT, start } from "./support/process.ts";
import { until } from "./support/wait.ts";
import { watchRequests } from "./support/watched.ts";
import { Workspace } from "./support/workspace.ts";

// The commands of the documents, as they stand there. Those that set a machine up are run by the tests of what they set
// up (daemontools, systemd, compose), those that reload or sweep by the tests of that.

const env = { PATH: `${ROOT}/node_modules/.bin:${process.env["PATH"]}` };
const ALONE = /\bsluice (?:validate|test|explain|generate|parse|graph|sanitize)\b|\bnpm sbom\b/;
/** What each prints; the others print nothing when all is well. */
const PRINTS: readonly (readonly [command: RegExp, output: RegExp])[] = [
  [/sluice test /, /passed|ok/i],
  [/sluice explain /, /^name: nginx-to-graylog$/m],
  [/sluice graph /, /graylog/],
  [/parse --parser nginx$/, /"http\.response\.status_code":\d+/],
  [/parse --parser nginx_json_pretty$/, /"http\.request\.method":/],
  [/parse --grok/, /"shop\.amount":12\.5/],
  [/\| npx sluice sanitize$/, /password=\[redacted:/],
  [/npm sbom/, /"bomFormat": "CycloneDX"/],
];

describe("commands that need nothing else", { timeout: 300_000 }, () => {
  const lines = [...new Set(commandLines().filter((line) => ALONE.test(line)))];

  test("are found", () => expect(lines.length).toBeGreaterThan(12));

  test.each(lines)("%s", async (line) => {
    const running = start("/bin/sh", ["-c", line], { cwd: ROOT, env });
    expect(await running.ended, running.stderr()).toBe(0);
    for (const [command, output] of PRINTS) if (command.test(line)) expect(running.stdout()).toMatch(output);
  });
});

describe("commands that look into a running sluice", { timeout: 300_000 }, () => {
  const lines = commandLines().filter((line) => /\bsluice tap\b/.test(line));

  test("are found", () => expect(lines.length).toBeGreaterThan(4));

  test("show its events", async () => {
    await using work = await Workspace.create();
    const watched = await watchRequests(work, { lines: 200, pause: 100 });
    try {
      for (const line of lines) {
        const here = line.replace(/\s+#.*$/, "").replace(/ --http \S+/, "");
        const tap = start("/bin/sh", ["-c", `${here} --http ${new URL(watched.url).host} --count 1`], {
          cwd: ROOT,
          env,
        });
        expect(await tap.ended, `${line}\n${tap.stderr()}`).toBe(0);
        expect(tap.stdout().trim(), line).not.toBe("");
      }
    } finally {
      await watched.end();
    }
  });
});

test("the page on another address asks for the token of its file", { timeout: 120_000 }, async () => {
  const line = commandLines().find((one) => one.includes("SLUICE_HTTP_TOKEN_FILE=")) as string;
  await using work = await Workspace.create();
  const token = "a-token-of-the-test-alone";
  const tokenFile = await work.write("token", `${token}\n`);
  const file = await work.write(
    "p.yaml",
    `name: web
sources:
  access: {type: file, include: ['${work.path("access.log")}']}
sinks:
  out: {type: file, path: '${work.path("out.ndjson")}'}
`,
  );
  const here = line
    .replace("/run/secrets/sluice-token", tokenFile)
    .replace("pipelines/", file)
    .replace("0.0.0.0:9600", `127.0.0.1:0 --state-dir ${work.path("state")}`);
  const sluice = start("/bin/sh", ["-c", `exec env ${here}`], { cwd: ROOT, env });
  const url = await until(() => /"url":"([^"]+)"/.exec(sluice.stderr())?.[1], "the HTTP side");
  await until(() => sluice.stderr().includes('"msg":"running"'), "sluice to run");
  const status = async (headers: Record<string, string>) => (await fetch(`${url}/api/status`, { headers })).status;
  expect(await status({})).toBe(401);
  expect(await status({ authorization: `Bearer ${token}` })).toBe(200);
  expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
});
