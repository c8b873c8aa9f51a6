import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DOCKER_VERSIONS, DockerEngine, FakeSourceContext, requireDebian, requireDocker } from "@sluice/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { dockerEventsSource, dockerLogsSource } from "../src/index.ts";
import { CREATE } from "./harness.ts";

const SOON = { timeout: 60_000, interval: 50 };
const ready = requireDebian(["openssl"]);
let dir: string;
/** Another authority, and a client that it vouches for. */
let foreign: string;

/** An authority, and certificates that it has signed, under the names that Docker's own client looks for. */
async function authority(): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), "sluice-docker-tls-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd, stdio: "pipe" });
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...ec, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "2");
  await writeFile(join(cwd, "server.ext"), "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
  await writeFile(join(cwd, "client.ext"), "extendedKeyUsage=clientAuth\n");
  for (const name of ["server", "client"]) {
    openssl("req", ...ec, "-keyout", `${name}-key.pem`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const signed = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-days", "2", "-extfile", `${name}.ext`];
    openssl("x509", "-req", "-in", `${name}.csr`, ...signed, "-out", `${name}.pem`);
  }
  await rename(join(cwd, "client.pem"), join(cwd, "cert.pem"));
  await rename(join(cwd, "client-key.pem"), join(cwd, "key.pem"));
  return cwd;
}

const filesOf = (place: string) => ({
  ca: join(place, "ca.pem"),
  cert: join(place, "cert.pem"),
  key: join(place, "key.pem"),
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const logsFrom = (options: object) => dockerLogsSource.create(dockerLogsSource.options.parse(options), CREATE);

beforeAll(async () => {
  if (ready) [dir, foreign] = await Promise.all([authority(), authority()]);
});
afterAll(async () => {
  for (const place of [dir, foreign]) if (place) await rm(place, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

describe.each(DOCKER_VERSIONS)("Docker %s that asks for client certificates", (version) => {
  const isReady = ready && requireDocker(version);
  let engine: DockerEngine;
  let host: string;
  beforeAll(async () => {
    if (!isReady) return;
    host = `tcp://127.0.0.1:${await freePort()}`;
    const files = { tlscacert: "ca.pem", tlscert: "server.pem", tlskey: "server-key.pem" };
    const paths = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, join(dir, file)]));
    engine = await DockerEngine.start({ version, listen: host, config: { tlsverify: true, ...paths } });
  });
  afterAll(() => engine?.stop());

  test.runIf(isReady)("is read with sluice's certificate, also after it was away", { timeout: 180_000 }, async () => {
    const script =
      "i=$(cat /n 2>/dev/null); while [ ${i:=0} -lt 300 ]; do i=$((i+1)); echo $i > /n; echo $i; done; exec sleep 1000";
    const id = await engine.run(script, "--restart", "always", "--stop-signal", "KILL", "--name", "tls");
    const ctx = new FakeSourceContext({ remember: false });
    const ended = logsFrom({ host, tls: filesOf(dir), containers: "tls" }).run(ctx);
    const expected = Array.from({ length: 300 }, (_, i) => String(i + 1));
    await vi.waitFor(() => expect(ctx.texts).toEqual(expected), SOON);
    await engine.stopDaemon();
    await engine.startDaemon();
    await engine.docker("exec", id, "sh", "-c", "echo behind the restart > /proc/1/fd/1");
    await vi.waitFor(() => expect(ctx.texts).toEqual([...expected, "behind the restart"]), SOON);
    ctx.end();
    await ended;
    await engine.docker("rm", "-f", id);
  });

  test.runIf(isReady)(
    "is found by the variables of Docker's own client, for events too",
    { timeout: 180_000 },
    async () => {
      vi.stubEnv("DOCKER_HOST", host);
      vi.stubEnv("DOCKER_TLS_VERIFY", "1");
      vi.stubEnv("DOCKER_CERT_PATH", dir);
      const ctx = new FakeSourceContext({ remember: false });
      const ended = dockerEventsSource.create(dockerEventsSource.options.parse({}), CREATE).run(ctx);
      await vi.waitFor(() => expect(ctx.batches.length).toBeGreaterThan(0), SOON);
      const id = await engine.run("true", "--label", "by=variables");
      await vi.waitFor(() => expect(ctx.texts.join("\n")).toContain(`container die ${id}`), SOON);
      ctx.end();
      await ended;
      const finite = new FakeSourceContext({ finite: true });
      await logsFrom({}).run(finite);
    },
  );

  test.runIf(isReady).for([
    ["no certificate", () => ({ tls: { ca: join(dir, "ca.pem") } }), /cannot reach .*tcp:/, /tls\.cert/],
    [
      "another's",
      () => ({ tls: { ...filesOf(foreign), ca: join(dir, "ca.pem") } }),
      /cannot reach .*tcp:/,
      /tls\.cert/,
    ],
    ["a wrong authority", () => ({ tls: { ...filesOf(dir), ca: join(foreign, "ca.pem") } }), /certificate/, /tls\.ca/],
    ["no TLS", () => ({}), /400: Client sent an HTTP request to an HTTPS server/, /speaks TLS/],
  ] as const)("refuses, and sluice says why: %s", async ([, options, message, hint]) => {
    const check = logsFrom({ host, ...options() }).check?.(new AbortController().signal);
    await expect(check).rejects.toMatchObject({
      code: "SLUICE_SOURCE",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });
});
