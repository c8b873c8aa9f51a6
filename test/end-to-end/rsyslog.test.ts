import { Rsyslog, requireDebian, requireSyslogDaemons } from "@sluice/testkit";
import { expect, test } from "vitest";
import { eventsIn, ledgerIn } from "../support/archives.ts";
import {
  appendNumbered,
  type Certificate,
  freePort,
  listeningSluice,
  makeCertificates,
  numbersIn,
  signCertificate,
  sizeOf,
} from "../support/network.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const LONG = process.env["SLUICE_LONG_TESTS"] !== undefined;
const MESSAGES = LONG ? 500_000 : 40_000;
/** Lines every 25 ms. */
const RATE = LONG ? 1500 : 250;
const RESTARTS = LONG ? 6 : 2;
const TIMEOUT = LONG ? 1_800_000 : 400_000;

/** The line itself holds its priority, `log.message` does not. */
const NUMBER = '"message":"<[^"]*number ';

const there = requireSyslogDaemons() && requireDebian(["openssl"]);

/** Files that both sides of a connection use. */
interface Files extends Certificate {
  readonly ca: string;
  readonly client: Certificate;
}

/** How rsyslog forwards, and what sluice's source is told. */
interface Forwarding {
  readonly action: (files: Files) => string;
  readonly source: (files: Files) => string;
}

const TLS =
  'protocol="tcp" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name" ' +
  'StreamDriverPermittedPeers="localhost"';

const FORWARDINGS: readonly [string, Forwarding][] = [
  ["plain TCP", { action: () => 'protocol="tcp"', source: () => "" }],
  ["octet-counted TCP", { action: () => 'protocol="tcp" TCP_Framing="octet-counted"', source: () => "" }],
  [
    "TLS as Debian has it",
    {
      action: ({ ca }) => `${TLS} StreamDriver.CAFile="${ca}"`,
      source: ({ cert, key }) => `, tls: {cert: ${cert}, key: ${key}}`,
    },
  ],
  [
    "TLS 1.3 with a client certificate",
    {
      action: ({ ca, client }) =>
        `${TLS} StreamDriver.CAFile="${ca}" StreamDriver.CertFile="${client.cert}" StreamDriver.KeyFile="${client.key}" ` +
        'gnutlsPriorityString="NORMAL:-VERS-ALL:+VERS-TLS1.3"',
      source: ({ ca, cert, key }) =>
        `, tls: {cert: ${cert}, key: ${key}, ca: ${ca}, client_certificates: required, min_version: TLSv1.3}`,
    },
  ],
];

/** rsyslog that follows `in.log` and forwards its lines. */
function startRsyslog(work: Workspace, port: number, action: string): Rsyslog {
  return Rsyslog.start(
    work.dir,
    `module(load="imfile" mode="inotify")
input(type="imfile" file="${work.path("in.log")}" tag="app:" severity="info" facility="local3")
action(type="omfwd" target="127.0.0.1" port="${port}" ${action} queue.type="LinkedList" queue.size="700000"
  action.resumeRetryCount="-1" action.resumeInterval="1")`,
  );
}

const pipelineOf = (type: string, options: string) => `name: syslog
sources:
  rsyslog: {type: ${type}, ${options}}
steps:
  - parse: syslog
sinks:
  out: {type: file, path: out.ndjson}
`;

/** What is asked of rsyslog's messages: all of them, once each. */
function expectOnce(counts: ReadonlyMap<number, number>): void {
  const missing = Array.from({ length: MESSAGES }, (_, n) => n).filter((n) => !counts.has(n));
  const twice = [...counts.values()].filter((count) => count > 1).length;
  expect({ missing: missing.length, first: missing[0], twice }).toEqual({ missing: 0, first: undefined, twice: 0 });
}

test.runIf(there).each(FORWARDINGS)(
  "rsyslog over %s: each message arrives once while sluice restarts",
  { timeout: TIMEOUT },
  async (_name, { action, source }) => {
    await using work = await Workspace.create();
    const authority = makeCertificates(work);
    const files = { ...authority, client: signCertificate(work, "client") };
    const port = await freePort();
    const out = work.path("out.ndjson");
    const pipeline = await work.write("p.yaml", pipelineOf("tcp", `address: '127.0.0.1:${port}'${source(files)}`));
    let { sluice } = await listeningSluice(work, pipeline);
    await work.write("in.log", "");
    const rsyslog = startRsyslog(work, port, action(files));
    const arrived = async () => (await numbersIn(out, NUMBER).catch(() => new Map<number, number>())).size;
    try {
      const feeding = appendNumbered(work.path("in.log"), {
        count: MESSAGES,
        rate: RATE,
        line: (n) => `message number ${n} of a long run, to be had once`,
      });
      for (let restart = 0; restart < RESTARTS; restart++) {
        const before = await sizeOf(out);
        const flows = async () => (await sizeOf(out)) > before + 200_000 || (await arrived()) >= MESSAGES;
        await until(flows, `messages: ${rsyslog.said} ${sluice.stderr()}`, TIMEOUT / 4);
        expect(await sluice.kill("SIGTERM")).toBe(0);
        expect(sluice.stderr()).not.toContain('"level":40');
        ({ sluice } = await listeningSluice(work, pipeline));
      }
      await feeding;
      await until(async () => (await arrived()) >= MESSAGES, "all messages", TIMEOUT / 2).catch(() => {});
      expect(await sluice.kill("SIGTERM")).toBe(0);
      expectOnce(await numbersIn(out, NUMBER));
    } finally {
      await sluice.kill("SIGKILL");
      await rsyslog.stop();
    }
  },
);

const DATAGRAMS = 3000;

test.runIf(there)(
  "rsyslog over UDP: each datagram arrives once, or is counted as lost",
  { timeout: 120_000 },
  async () => {
    await using work = await Workspace.create();
    const pipeline = await work.write("p.yaml", pipelineOf("udp", "address: '127.0.0.1:0'"));
    const { sluice, ports } = await listeningSluice(work, pipeline);
    await work.write("in.log", "");
    const rsyslog = startRsyslog(work, ports[0] as number, 'protocol="udp" template="RSYSLOG_SyslogProtocol23Format"');
    const out = work.path("out.ndjson");
    try {
      const line = (n: number) => `datagram number ${n}`;
      await appendNumbered(work.path("in.log"), { count: DATAGRAMS, rate: 50, line });
      // The last of them is the sign that none is on its way any more; it comes again until it has come.
      const marked = async () => (await eventsIn(out)).some((event) => event["log.message"] === `marker`);
      await until(async () => {
        await appendNumbered(work.path("in.log"), { count: 1, rate: 1, line: () => "marker" });
        return marked();
      }, `the marker: ${rsyslog.said} ${sluice.stderr()}`);
      await rsyslog.stop();
      expect(await sluice.kill("SIGTERM")).toBe(0);
      const events = (await eventsIn(out)).filter((event) => String(event["log.message"]).startsWith("datagram"));
      const lost = Number(/udp_\w+ (\d+)/.exec(ledgerIn(sluice.stderr()) ?? "")?.[1] ?? 0);
      expect(new Set(events.map((event) => event["log.message"])).size).toBe(events.length);
      expect(events.length + lost).toBeGreaterThanOrEqual(DATAGRAMS);
      expect(events.length).toBeLessThanOrEqual(DATAGRAMS);
      expect(events[0]).toMatchObject({
        "log.syslog.version": 1,
        "log.syslog.facility.name": "local3",
        "log.syslog.severity.name": "informational",
        "process.name": "app",
        "network.transport": "udp",
      });
    } finally {
      await sluice.kill("SIGKILL");
      await rsyslog.stop();
    }
  },
);
