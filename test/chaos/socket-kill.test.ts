import { globSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { requireDebian } from "@sluice/testkit";
import { expect, test } from "vitest";
import { listeningSluice } from "../support/network.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";
import { FailingDisk } from "./failing-disk.ts";

const MINUTES = 60_000;
const LINES = 60_000;
const CALM = 40;

/** Two sinks with disk buffers. Below a directory that is none they cannot write. */
function pipeline(work: Workspace, dir: string): Promise<string> {
  const sink = (name: string) =>
    `{type: file, path: '${work.path(dir, `${name}.log`)}', format: raw, buffer: {type: disk, size: 16MiB}}`;
  return work.write(
    "pipeline.yaml",
    `name: socket
sources: {lines: {type: tcp, address: '127.0.0.1:0'}}
sinks:
  one: ${sink("one")}
  other: ${sink("other")}
`,
  );
}

/** Sends lines for as long as they are taken. */
function send(port: number): { end(): void } {
  const socket = createConnection({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  for (let n = 0; n < LINES; n++) socket.write(`${`${n}`.padEnd(100, " .")}\n`);
  return { end: () => socket.destroy() };
}

function bytesOf(work: Workspace, files: string): number {
  return globSync(work.path(files)).reduce((sum, file) => sum + statSync(file).size, 0);
}

/** Waits until files do not grow any more. */
function isCalm(work: Workspace, files: string): Promise<unknown> {
  let last = 0;
  let calm = 0;
  const look = () => {
    const bytes = bytesOf(work, files);
    calm = bytes > 0 && bytes === last ? calm + 1 : 0;
    last = bytes;
    return calm > CALM;
  };
  return until(look, `${files} to stop growing`, 2 * MINUTES);
}

function without(lines: ReadonlySet<string>, others: ReadonlySet<string>): number {
  return [...lines].filter((line) => !others.has(line)).length;
}

async function linesOf(work: Workspace, sink: string): Promise<Set<string>> {
  return new Set((await readFile(work.path("good", `${sink}.log`), "utf8")).split("\n").filter(Boolean));
}

test.runIf(requireDebian(["gcc"]))(
  "what only one of two disk buffers had when sluice was killed is in the ledger as lost for the other",
  { timeout: 5 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    await work.write("none", "this is a file");
    const disk = new FailingDisk(work.dir, work.path("state/buffers/socket/other"));
    const first = await listeningSluice(work, await pipeline(work, "none"), 1, disk.env);
    const before = send(first.ports[0] as number);
    await until(() => bytesOf(work, "state/buffers/socket/other/*") > 100_000, "the first lines", 2 * MINUTES);
    disk.set("write");
    await isCalm(work, "state/buffers/socket/one/*");
    await first.sluice.kill("SIGKILL");
    before.end();
    // Killed once more while it finds out what there is.
    const second = await listeningSluice(work, await pipeline(work, "none"));
    await second.sluice.kill("SIGKILL");
    const third = await listeningSluice(work, await pipeline(work, "good"));
    await isCalm(work, "good/one.log");
    await isCalm(work, "good/other.log");
    expect(await third.sluice.kill("SIGTERM"), third.sluice.stderr()).toBe(0);
    const [one, other] = [await linesOf(work, "one"), await linesOf(work, "other")];
    const missing = without(one, other);
    expect(missing).toBeGreaterThan(0);
    expect([without(other, one), other.size]).toEqual([0, one.size - missing]);
    // What the second one had found out already was in the buffers when the third began.
    const found = /"in":(\d+)(?:,"bufferedBefore":(\d+))?[^\n]*"msg":"ledger/.exec(third.sluice.stderr()) ?? [];
    expect(Number(found[1]) + Number(found[2] ?? 0), third.sluice.stderr()).toBe(one.size);
    expect(found[0]).toContain(`"delivered":${other.size},"dropped":{"killed":${missing}},"buffered":0`);
  },
);
