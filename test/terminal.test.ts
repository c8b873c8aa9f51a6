import { appendFile, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isAlive, requireDebian } from "@sluice/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runSluice, SLUICE, start } from "./support/process.ts";
import { until } from "./support/wait.ts";
import { Workspace } from "./support/workspace.ts";

// Log lines and the answers of far ends are anyone's words: a terminal that shows them must not obey them.

/** Sets the title of a window, rings, and colours, with the escape character and with the single one of C1. */
const EVIL = "\u001b]0;owned\u0007\u001b[31mred\u009b32mgreen";
/** What is left when nothing of it is obeyed. */
const HARMLESS = "]0;owned[31mred32mgreen";

/** A Docker engine and a store that refuse everything, in words of their own choice. */
function hostileServer(): Server {
  return createServer((request, response) => {
    if (request.url?.endsWith("/_ping")) response.writeHead(200, { "api-version": "1.41" }).end("OK");
    else if (request.url?.startsWith("/evl"))
      response.writeHead(400).end(`<Error><Code>Odd</Code><Message>never: ${EVIL}</Message></Error>`);
    else response.writeHead(500).end(JSON.stringify({ message: `no: ${EVIL}` }));
  }).listen(0, "127.0.0.1");
}

let work: Workspace;
let engine: Server;
let pipeline: string;
beforeAll(async () => {
  work = await Workspace.create();
  engine = hostileServer();
  await until(() => engine.listening, "the engine");
  const { port } = engine.address() as AddressInfo;
  pipeline = await work.write(
    "p.yaml",
    `name: p
sources:
  containers: {type: docker_events, host: 'tcp://127.0.0.1:${port}'}
  lines: {type: file, include: ['${await work.write("a.log", "")}'], poll_interval: 50ms}
sinks:
  store: {type: s3, bucket: evl, endpoint: 'http://127.0.0.1:${port}', access_key_id: a, secret_access_key: b, max_age: 100ms, key: '{position}'}
`,
  );
});
afterAll(async () => {
  engine.closeAllConnections();
  engine.close();
  await work[Symbol.asyncDispose]();
});

/** Runs a command line of sluice on a terminal of its own; what is printed there is its stdout. */
function onTerminal(args: readonly string[]) {
  const words = [SLUICE, ...args].map((word) => `'${word}'`).join(" ");
  return start("script", ["-qefc", words, "/dev/null"]);
}

test.skipIf(!requireDebian(["bsdutils:script"]))(
  "what an engine answers and what lines hold is not obeyed by a terminal that shows the log, top or tap; sluice ends with it",
  { timeout: 180_000 },
  async () => {
    const sluice = onTerminal([
      "run",
      pipeline,
      "--state-dir",
      work.path("state"),
      "--http",
      "127.0.0.1:0",
      "--drain",
      "1s",
    ]);
    try {
      await until(() => sluice.stdout().includes(`no: ${HARMLESS}`), "the engine's words in the log", 120_000);
      expect(sluice.stdout()).not.toMatch(/\u001b\]|\u0007|\u009b/);
      const http = /http:\/\/(127\.0\.0\.1:\d+)/.exec(sluice.stdout())?.[1] as string;
      await appendFile(work.path("a.log"), "one\n");
      await until(() => sluice.stdout().includes(`never: ${HARMLESS}`), "the store's words in the log", 60_000);
      expect(sluice.stdout()).not.toMatch(/\u001b\]|\u0007|\u009b/);
      // The table is empty until the pipeline has started, which it has not when its store first refuses.
      const top = await until(async () => {
        const { stdout } = await runSluice(["top", "--once", "--http", http]);
        return stdout.includes("never: ") && stdout;
      }, "the store's words in top");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
      expect(top).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      const tap = onTerminal(["tap", "--http", http, "--count", "1"]);
      const writing = setInterval(() => void appendFile(work.path("a.log"), `line ${EVIL}\n`), 100);
      expect(await tap.ended, tap.stdout()).toBe(0);
      clearInterval(writing);
      expect(tap.stdout()).toContain("line ");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
      expect(tap.stdout()).not.toMatch(/[\u001b\u0007\u007f-\u009f]/);
      const pid = Number((await readFile(work.path("state", "sluice.pid"), "utf8")).trim());
      // The terminal is closed.
      await sluice.kill("SIGKILL");
      await until(() => !isAlive(pid), "sluice to end with its terminal");
    } finally {
      await sluice.kill("SIGKILL");
    }
  },
);

test("errors of a command do not pass on what they quote", async () => {
  const { code, stderr } = await runSluice(["tap", "--http", "127.0.0.1:1", EVIL]);
  expect(code).not.toBe(0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
  expect(stderr).not.toMatch(/[\u001b\u0007\u009b]/);
});
