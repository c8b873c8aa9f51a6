import { spawnSync } from "node:child_process";
import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const textOf = (n: number) => `line ${n} ${"x".repeat(80)}\n`;
const pipelineOf = (log: string, sink: string) => `name: test
sources:
  log: {type: file, include: ['${log}'], poll_interval: 50ms, read_chunk: 16KiB}
steps:
  - sanitize: off
sinks:
  out: {${sink}, batch: {age: 5ms}, retry: {initial: 50ms, max: 200ms}}
`;

test("kill -9 while files are rotated and compressed: every line is there, whole", {
  timeout: 5 * MINUTES,
}, async () => {
  await using work = await Workspace.create();
  const log = await work.write("in.log", "");
  const out = work.path("out", "all.ndjson");
  const sink = `type: file, path: '${out}', rotate: {size: 64KiB}, compress: gzip`;
  const args = ["run", await work.write("p.yaml", pipelineOf(log, sink)), "--state-dir", work.path("state")];
  let written = 0;
  for (let kill = 0; kill < 6; kill++) {
    const before = await sizeOf(path.dirname(out));
    const sluice = startSluice(args);
    const done = new AbortController();
    const growing = (async () => {
      for (; !done.signal.aborted; await sleep(10)) {
        let text = "";
        for (let i = 0; i < 100; i++) text += textOf(written++);
        await appendFile(log, text);
      }
    })();
    await until(async () => (await sizeOf(path.dirname(out))) !== before, "sluice to write");
    await sleep(Math.random() * 300);
    await sluice.kill("SIGKILL");
    done.abort();
    await growing;
  }
  expect(await startSluice([...args, "--until-eof"]).ended).toBe(0);
  const seen = new Set<string>();
  for (const name of await readdir(path.dirname(out))) {
    expect(name).not.toMatch(/\.part$/);
    const bytes = await readFile(path.join(path.dirname(out), name));
    const text = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
    for (const line of text.split("\n").slice(0, -1)) seen.add((JSON.parse(line) as { message: string }).message);
  }
  expect(seen.size).toBe(written);
  for (let n = 0; n < written; n++) expect(seen.has(textOf(n).trim())).toBe(true);
});

/** Bytes of all files of a directory, whatever happens to them in the meantime. */
async function sizeOf(directory: string): Promise<number> {
  let sum = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    sum += (await stat(path.join(directory, name)).catch(() => undefined))?.size ?? 0;
  }
  return sum;
}

test.runIf(process.getuid?.() === 0)(
  "a full disk is told of, nothing is lost, and it goes on when there is room",
  async () => {
    await using work = await Workspace.create();
    const disk = work.path("disk");
    await mkdir(disk);
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", disk]).status).toBe(0);
    onTestFinished(() => void spawnSync("umount", [disk]));
    await writeFile(path.join(disk, "ballast"), new Uint8Array(300 * 1024));
    const lines = Array.from({ length: 3000 }, (_, n) => textOf(n)).join("");
    const log = await work.write("in.log", lines);
    const out = path.join(disk, "out.log");
    const sink = `type: file, path: '${out}', format: raw`;
    const sluice = startSluice([
      "run",
      await work.write("p.yaml", pipelineOf(log, sink)),
      "--state-dir",
      work.path("state"),
    ]);
    await until(
      () => sluice.stderr().includes("free space on this filesystem") || sluice.stderr().includes("ENOSPC"),
      "the warning",
    );
    const stuck = await readFile(out, "utf8");
    expect(stuck.length).toBeGreaterThan(0);
    expect(lines.startsWith(stuck)).toBe(true);
    expect(stuck.endsWith("\n")).toBe(true);
    await rm(path.join(disk, "ballast"));
    await until(async () => (await stat(out)).size >= lines.length, "the rest");
    expect(await sluice.kill("SIGTERM")).toBe(0);
    expect(await readFile(out, "utf8")).toBe(lines);
    spawnSync("umount", [disk]);
  },
);

test("posts to an HTTP server that fails now and then; what it refuses goes to the dead letter", async () => {
  await using work = await Workspace.create();
  const taken: string[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = gunzipSync(Buffer.concat(chunks)).toString();
      requests++;
      if (requests % 3 === 0) return response.writeHead(503).end();
      if (requests % 5 === 0) return request.socket.destroy();
      if (body.includes("line 77 ")) return response.writeHead(422).end();
      for (const line of body.trim().split("\n")) taken.push((JSON.parse(line) as { message: string }).message);
      return response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const lines = Array.from({ length: 500 }, (_, n) => textOf(n));
  const log = await work.write("in.log", lines.join(""));
  const letters = work.path("dead.ndjson");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
  const sink = `type: http, url: '${url}', compression: gzip, dead_letter: '${letters}'`;
  const args = [
    "run",
    await work.write("p.yaml", pipelineOf(log, sink)),
    "--state-dir",
    work.path("state"),
    "--until-eof",
  ];
  expect(await startSluice(args).ended).toBe(0);
  const wanted = lines.map((line) => line.trim());
  expect(new Set(taken)).toEqual(new Set(wanted.filter((line) => !line.startsWith("line 77 "))));
  const letter = JSON.parse((await readFile(letters, "utf8")).trim()) as { reason: string; frame: string };
  expect(letter.reason).toBe("the server answered 422");
  expect(letter.frame).toContain("line 77 ");
});
