import { appendFileSync, copyFileSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect, type TLSSocket } from "node:tls";
import { openTraffic } from "@sluice/generate";
import { Graylog, requireDebian } from "@sluice/testkit";
import { expect, test } from "vitest";
import { Authority, type CertificateFiles } from "../support/authority.ts";
import { expectEveryLine } from "../support/ledger.ts";
import { listeningSluice } from "../support/network.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
/** Long enough for a sluice to start and deliver on a busy machine. */
const SHORT_LIVED = 45;
const ready = requireDebian(["openssl", "faketime"]);

const textsOf = ({ cert, key }: CertificateFiles) => ({
  cert: readFileSync(cert, "utf8"),
  key: readFileSync(key, "utf8"),
});

test.runIf(ready)(
  "Graylog's certificate expires, and is renewed by another authority: sluice waits, and goes on without a restart",
  { timeout: 8 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    const [old, next] = [new Authority(work.path("old")), new Authority(work.path("next"))];
    const ca = work.path("ca.pem");
    copyFileSync(old.ca, ca);
    const log = await work.write("a.log", "");
    const traffic = openTraffic("nginx", { seed: 3 });
    const graylog = await Graylog.start({ tls: textsOf(old.sign(SHORT_LIVED)) });
    const pipeline = await work.write(
      "p.yaml",
      `name: secure
sources: {access: {type: file, include: ['${log}'], poll_interval: 50ms}}
sinks:
  graylog: {type: gelf, address: '${graylog.address}', tls: {ca: ${ca}}, rotate: {age: 200ms}, retry: {max: 500ms}}
`,
    );
    const sluice = startSluice(["run", pipeline, "--state-dir", work.path("state"), "--http", "off"]);
    const add = () => appendFileSync(log, traffic.block(100));
    const said = (text: string) => sluice.stderr().includes(text);
    try {
      add();
      const some = async () => (await graylog.accepted()).length >= 100;
      await until(some, "lines before the certificate expires", 2 * MINUTES);
      await until(() => (add(), said("certificate has expired")), "the end of the certificate", 3 * MINUTES);
      expect(sluice.stderr()).toContain("the server's certificate must be renewed");
      await graylog.renew(textsOf(next.sign(3600)));
      await until(
        () => (add(), said("give the authority's certificate as tls.ca")),
        "the other authority's",
        2 * MINUTES,
      );
      copyFileSync(next.ca, ca);
      const lines = readFileSync(log, "utf8").split("\n").length - 1;
      const all = async () => new Set((await graylog.accepted()).map((one) => one["_event_id"])).size === lines;
      await until(all, "all lines", 3 * MINUTES);
      expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
      expectEveryLine(await graylog.accepted(), await readFile(log));
    } finally {
      await sluice.kill("SIGKILL");
      await graylog.stop();
    }
  },
);

test.runIf(ready)(
  "the certificates of sources are renewed while they run; until both files fit the old one stays in use",
  { timeout: 5 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    const authority = new Authority(work.path("authority"));
    const files = { cert: work.path("server.pem"), key: work.path("server.key") };
    const [first, second] = [authority.sign(3600), authority.sign(3600)];
    copyFileSync(first.cert, files.cert);
    copyFileSync(first.key, files.key);
    const tls = `tls: {cert: ${files.cert}, key: ${files.key}}`;
    const pipeline = await work.write(
      "p.yaml",
      `name: secure
sources:
  a: {type: tcp, address: '127.0.0.1:0', ${tls}}
  b: {type: gelf, address: 'https://127.0.0.1:0', ${tls}}
sinks:
  out: {type: file, path: out.ndjson}
`,
    );
    const { sluice, ports } = await listeningSluice(work, pipeline, 2);
    const numbers = () => Promise.all(ports.map((port) => serialOf(port, authority.ca)));
    try {
      const [before] = await numbers();
      const kept = await dial(ports[0] as number, authority.ca);
      copyFileSync(second.cert, files.cert);
      const complains = () => sluice.stderr().split("the old one stays in use").length > 2;
      await until(complains, "both sources to say that certificate and key do not belong together");
      expect(await numbers()).toEqual([before, before]);
      copyFileSync(second.key, files.key);
      await until(async () => (await numbers()).every((one) => one !== before), "the new certificate");
      kept.end("a line of a connection that was there before\n");
      const arrived = async () =>
        (await readFile(work.path("out.ndjson"), "utf8").catch(() => "")).includes("there before");
      await until(arrived, "the line over the old connection");
      expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
    } finally {
      await sluice.kill("SIGKILL");
    }
  },
);

async function dial(port: number, ca: string): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host: "127.0.0.1", port, ca: readFileSync(ca) }, resolve);
  socket.on("error", reject);
  await promise;
  return socket;
}

/** Serial number of the certificate that a server shows. */
async function serialOf(port: number, ca: string): Promise<string> {
  const socket = await dial(port, ca);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}
