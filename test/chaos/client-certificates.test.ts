import { appendFileSync, copyFileSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { createServer, type Server } from "node:tls";
import { openTraffic } from "@sluice/generate";
import { Nats, requireDebian, requireObjectStore, startObjectStore } from "@sluice/testkit";
import { expect, test } from "vitest";
import { Authority, type CertificateFiles } from "../support/authority.ts";
import { expectEachLineOnce, readObjects, s3Options } from "../support/objects.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const LINES = 200;
const tools = requireDebian(["openssl", "faketime"]);

/** Two authorities, and the file in which sluice finds the one to trust: at first the old one. */
function authorities(work: Workspace) {
  const [old, next] = [new Authority(work.path("old")), new Authority(work.path("next"))];
  const ca = work.path("ca.pem");
  copyFileSync(old.ca, ca);
  return { old, next, ca };
}

test.runIf(tools && requireDebian(["nats-server"]))(
  "NATS has a certificate of another authority: sluice goes on as soon as its file has that one",
  { timeout: 5 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    const { old, next, ca } = authorities(work);
    const files = { cert: work.path("nats.pem"), key: work.path("nats.key") };
    const show = ({ cert, key }: CertificateFiles) => {
      copyFileSync(cert, files.cert);
      copyFileSync(key, files.key);
    };
    show(old.sign(3600));
    await using nats = await Nats.start({ config: `tls { cert_file: "${files.cert}", key_file: "${files.key}" }` });
    const log = await work.write("a.log", "");
    const pipeline = await work.write(
      "p.yaml",
      `name: edge
sources: {access: {type: file, include: ['${log}'], poll_interval: 50ms}}
sinks:
  fleet: {type: nats, servers: '${nats.servers.join(",")}', tls: {ca: ${ca}}, stream: logs, subject: logs.a, create_stream: {}, retry: {max: 500ms}}
`,
    );
    const traffic = openTraffic("nginx", { seed: 3 });
    const sluice = startSluice(["run", pipeline, "--state-dir", work.path("state"), "--http", "off"]);
    const stored = async () => (await nats.stream("logs"))?.messages;
    try {
      appendFileSync(log, traffic.block(LINES));
      await until(async () => (await stored()) === LINES, "lines before the change", MINUTES);
      await nats.kill(0);
      show(next.sign(3600));
      await nats.restart(0);
      appendFileSync(log, traffic.block(LINES));
      const isRefused = async () => (await nats.log(0)).includes("TLS handshake error");
      await until(isRefused, "sluice to refuse the other authority's certificate", 2 * MINUTES);
      expect(await stored()).toBe(LINES);
      copyFileSync(next.ca, ca);
      await until(async () => (await stored()) === 2 * LINES, "all lines", 2 * MINUTES);
      expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
    } finally {
      await sluice.kill("SIGKILL");
    }
  },
);

/** Shows a certificate before a server that has none. */
async function startTls(files: CertificateFiles, port: number, host: string): Promise<Server> {
  const server = createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, (client) => {
    const target = connect({ port, host });
    client.pipe(target).pipe(client);
    client.on("error", () => target.destroy());
    target.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

test.runIf(tools && requireObjectStore())(
  "the store has a certificate of another authority: sluice says so, and goes on as soon as its file has that one",
  { timeout: 5 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    const { next, ca } = authorities(work);
    await using store = await startObjectStore();
    const { hostname, port } = new URL(store.endpoint);
    const server = await startTls(next.sign(3600), Number(port), hostname);
    const { port: tlsPort } = server.address() as { port: number };
    const log = await work.write("a.log", openTraffic("nginx", { seed: 3 }).block(LINES));
    const sink = s3Options(store, "archive").replace(store.endpoint, `https://127.0.0.1:${tlsPort}`);
    const pipeline = await work.write(
      "p.yaml",
      `name: web
sources: {access: {type: file, include: ['${log}']}}
sinks:
  archive: {${sink}, create_bucket: true, tls: {ca: ${ca}}, retry: {initial: 50ms, max: 500ms}}
`,
    );
    const sluice = startSluice(["run", pipeline, "--state-dir", work.path("state"), "--until-eof"]);
    try {
      await until(() => sluice.stderr().includes("unable to"), "sluice to refuse the certificate", MINUTES);
      copyFileSync(next.ca, ca);
      expect(await sluice.ended, sluice.stderr()).toBe(0);
      const objects = await readObjects(store, "archive", work.path("got"));
      expectEachLineOnce(objects.values(), new Map([[log, await readFile(log)]]));
    } finally {
      await sluice.kill("SIGKILL");
      server.close();
    }
  },
);
