import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DockerEngine, FakeSourceContext, findProgram, requireDebian, requireDocker } from "@sluice/testkit";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { dockerLogsSource } from "../src/index.ts";

const ready = requireDocker() && requireDebian(["nginx-light:nginx"]);
let engine: DockerEngine;
let dir: string;
let stopNginx: () => Promise<void>;
let socket: string;

/** The proxy of docs/docker-socket.md, word for word but for its two addresses. */
async function startProxy(): Promise<() => Promise<void>> {
  const text = await readFile(join(import.meta.dirname, "../../../../docs/docker-socket.md"), "utf8");
  const block = /^```nginx\n([\s\S]*?)^```/m.exec(text)?.[1] ?? "";
  const server = block.replace("127.0.0.1:2375", `unix:${socket}`).replace("/var/run/docker.sock", engine.socket);
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${dir}/${name};`);
  const http = `http { access_log off; ${temp.join(" ")} ${server} }`;
  const main = `daemon off; user root; worker_processes 1; pid ${dir}/pid; error_log ${dir}/error.log; events {}`;
  await writeFile(join(dir, "nginx.conf"), `${main}\n${http}`);
  const args = ["-c", join(dir, "nginx.conf"), "-p", dir, "-e", join(dir, "error.log")];
  const child = spawn(findProgram("nginx") as string, args, { stdio: "inherit" });
  return async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  };
}

function status(method: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: socket, method, path }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    });
    sent.once("error", reject).end();
  });
}

beforeAll(async () => {
  if (!ready) return;
  dir = await mkdtemp(join(tmpdir(), "sluice-proxy-"));
  socket = join(dir, "proxy.sock");
  engine = await DockerEngine.start();
  stopNginx = await startProxy();
  await vi.waitFor(() => status("GET", "/_ping"), { timeout: 60_000, interval: 50 });
});
afterAll(async () => {
  await stopNginx?.();
  await engine?.stop();
  if (dir) await rm(dir, { recursive: true });
});

test.runIf(ready)("the proxy of the documents lets sluice read, and lets nothing else through", async () => {
  const id = await engine.run("echo through the proxy; exec sleep 1000", "--stop-signal", "KILL");
  const ctx = new FakeSourceContext({ remember: false });
  const options = dockerLogsSource.options.parse({ host: `unix://${socket}` });
  const create = { name: "docker", pipeline: "test", baseDir: "/", hostname: "test-host", warn: () => {} };
  const ended = dockerLogsSource.create(options, create).run(ctx);
  await vi.waitFor(() => expect(ctx.texts).toEqual(["through the proxy"]), { timeout: 60_000, interval: 50 });
  ctx.end();
  await ended;
  expect(await status("GET", `/v1.41/containers/${id}/logs?stdout=1`)).toBe(200);
  const refused = [
    ["POST", `/v1.41/containers/${id}/kill`],
    ["POST", "/v1.41/containers/json"],
    ["DELETE", `/v1.41/containers/${id}`],
    ["GET", `/v1.41/containers/${id}/archive?path=/`],
    ["GET", "/v1.41/images/json"],
    ["GET", "/"],
  ] as const;
  for (const [method, path] of refused) expect([path, await status(method, path)]).toEqual([path, 403]);
});
