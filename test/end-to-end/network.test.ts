import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { requireDebian, requireSyslogDaemons, SyslogNg } from "@sluice/testkit";
import { expect, test } from "vitest";
import { eventsIn } from "../support/archives.ts";
import { listeningSluice, makeCertificates, numbersIn } from "../support/network.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MAX_MEMORY_MB = 200;
const CONNECTIONS = 1000;
const LINES_EACH = 40;

/** Runs `nc` with this input; it ends when the other side has closed, or after `-w` seconds over UDP. */
async function nc(args: readonly string[], input: string): Promise<void> {
  const child = spawn("nc", args, { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(input);
  await once(child, "close");
}

test.runIf(requireDebian(["netcat-openbsd:nc"]))(
  "keeps what nc sends to tcp and udp on one port in a file",
  async () => {
    await using work = await Workspace.create();
    const file = (address: string) => `name: traffic
sources:
  tcp: {type: tcp, address: '${address}'}
  udp: {type: udp, address: '${address}'}
sinks:
  log: {type: file, path: traffic_log.txt, format: raw}
`;
    const probe = await listeningSluice(work, await work.write("p.yaml", file("127.0.0.1:0")), 2);
    await probe.sluice.kill("SIGTERM");
    const { sluice, ports } = await listeningSluice(
      work,
      await work.write("p.yaml", file(`127.0.0.1:${probe.ports[0]}`)),
      2,
    );
    try {
      expect(new Set(ports)).toEqual(new Set([probe.ports[0]]));
      const place = ["127.0.0.1", String(ports[0])];
      await nc(["-N", ...place], "test test testing\nThis is a test");
      await nc(["-u", "-w", "1", ...place], "one datagram\n");
      const kept = () => readFile(work.path("traffic_log.txt"), "utf8").catch(() => "");
      await until(async () => (await kept()).includes("datagram"), "the lines in the file");
      expect(await sluice.kill("SIGTERM")).toBe(0);
      expect(await kept()).toBe("test test testing\nThis is a test\none datagram\n");
    } finally {
      await sluice.kill("SIGKILL");
    }
  },
);

async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

async function dial(port: number): Promise<Socket> {
  const socket = createConnection({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** What hostile clients do, each until it is sent away or the test is over. */
const HOSTILE: readonly ((port: number) => Promise<{ destroy(): void }>)[] = [
  async (port) => {
    const socket = await dial(port);
    const block = Buffer.alloc(65_536, 0x61);
    const more = (): void => void socket.write(block, (error) => (error ? undefined : setTimeout(more, 50)));
    more();
    return socket;
  },
  async (port) => {
    const socket = await dial(port);
    socket.write(Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919 + port) % 256)));
    return socket;
  },
  async (port) => {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => {});
    await sleep(1);
    return socket;
  },
  async (port) => {
    const socket = await dial(port);
    socket.write("999999999 <1>");
    return socket;
  },
  async (port) => {
    const socket = await dial(port);
    const timer = setInterval(() => socket.write("x"), 100);
    socket.on("close", () => clearInterval(timer));
    return socket;
  },
];

test.runIf(requireDebian(["openssl"]))(
  "half of 1,000 clients slow or hostile harm none of the others",
  {
    timeout: 240_000,
  },
  async () => {
    await using work = await Workspace.create();
    const { cert, key } = makeCertificates(work);
    const pipeline = await work.write(
      "p.yaml",
      `name: many
sources:
  plain: {type: tcp, address: '127.0.0.1:0'}
  secure: {type: tcp, address: '127.0.0.1:0', tls: {cert: ${cert}, key: ${key}}}
sinks:
  out: {type: file, path: out.ndjson}
`,
    );
    const { sluice, ports } = await listeningSluice(work, pipeline, 2);
    const [plain, secure] = ports as [number, number];
    const hostile: { destroy(): void }[] = [];
    const good: Socket[] = [];
    try {
      for (let i = 0; i < CONNECTIONS / 2; i++) {
        const attack = HOSTILE[i % HOSTILE.length] as (typeof HOSTILE)[0];
        // Every fifth one talks no TLS, or no sense, to the one that wants TLS.
        hostile.push(await attack(i % 10 < 2 ? secure : plain));
        good.push(await dial(plain));
      }
      for (let line = 0; line < LINES_EACH; line++) {
        for (const [i, socket] of good.entries()) socket.write(`good line ${line * good.length + i}\n`);
        await sleep(20);
      }
      const out = work.path("out.ndjson");
      const total = good.length * LINES_EACH;
      await until(async () => (await numbersIn(out, "good line ")).size === total, "all good lines", 120_000);
      expect([...(await numbersIn(out, "good line ")).values()].every((count) => count === 1)).toBe(true);
      expect(await memoryOf(sluice.pid)).toBeLessThan(MAX_MEMORY_MB);
    } finally {
      for (const socket of [...hostile, ...good]) socket.destroy();
      await sluice.kill("SIGKILL");
    }
  },
);

test.runIf(requireSyslogDaemons() && requireDebian(["openssl"]))(
  "takes syslog-ng's messages over TCP, TLS and UDP, in both framings",
  {
    timeout: 120_000,
  },
  async () => {
    await using work = await Workspace.create();
    const { ca, cert, key } = makeCertificates(work);
    const pipeline = await work.write(
      "p.yaml",
      `name: syslog
sources:
  a: {type: tcp, address: '127.0.0.1:0'}
  b: {type: tcp, address: '127.0.0.1:0', tls: {cert: ${cert}, key: ${key}}}
  c: {type: udp, address: '127.0.0.1:0'}
steps:
  - parse: syslog
sinks:
  out: {type: file, path: out.ndjson}
`,
    );
    const { sluice, ports } = await listeningSluice(work, pipeline, 3);
    const [tcp, tls, udp] = ports as [number, number, number];
    await work.write("in.log", "one line of text\n");
    const syslogNg = SyslogNg.start(
      work.dir,
      `source s { file("${work.path("in.log")}" flags(no-parse) follow-freq(1) program-override("app")); };
destination old { network("127.0.0.1" port(${tcp}) transport("tcp") persist-name("old") template("<13>$DATE host1 old[7]: $MSG\\n")); };
destination counted { syslog("127.0.0.1" port(${tcp}) transport("tcp") persist-name("counted")); };
destination secure { syslog("127.0.0.1" port(${tls}) transport("tls") tls(ca-file("${ca}") peer-verify(yes))); };
destination datagrams { network("127.0.0.1" port(${udp}) transport("udp") template("<13>$DATE host1 udp: $MSG\\n")); };
log { source(s); destination(old); destination(counted); destination(secure); destination(datagrams); };`,
    );
    try {
      const events = () => eventsIn(work.path("out.ndjson"));
      await until(async () => (await events()).length >= 4, "four events").catch((error: unknown) => {
        throw new Error(`${syslogNg.said}\n${sluice.stderr()}`, { cause: error });
      });
      const seen = await events();
      expect(seen.filter(({ tags }) => tags !== undefined)).toEqual([]);
      expect(seen.map((event) => event["log.message"])).toEqual(Array(4).fill("one line of text"));
      expect(new Set(seen.map((event) => event["process.name"]))).toEqual(new Set(["app", "old", "udp"]));
      expect(seen.filter((event) => event["log.syslog.version"] === 1)).toHaveLength(2);
    } finally {
      await syslogNg.stop();
      await sluice.kill("SIGKILL");
    }
  },
);
