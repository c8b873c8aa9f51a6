import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "@sluice/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sampleOf } from "./support.ts";

// The machine of the seeds, analytics-prod-03, written down as its kernel would show it: `host` must print of it what the
// seeds' own `ss -tulnp`, `netstat -anp`, `ps -ef --forest`, `top` and `free` print.

const LISTENING = `
tcp    LISTEN  0       128      0.0.0.0:22            0.0.0.0:*          users:(("sshd",pid=1234,fd=3))
tcp    LISTEN  0       128      127.0.0.1:5432        0.0.0.0:*          users:(("postgres",pid=3210,fd=5))
tcp    LISTEN  0       128      0.0.0.0:8080          0.0.0.0:*          users:(("analytics-service",pid=9876,fd=6))
tcp    LISTEN  0       128      0.0.0.0:8081          0.0.0.0:*          users:(("upload-service",pid=5432,fd=8))
tcp    LISTEN  0       128      127.0.0.1:9000        0.0.0.0:*          users:(("processing-service",pid=4321,fd=7))`;
const ESTABLISHED = `
tcp        0      0 10.0.3.45:8080         10.0.2.156:49812      ESTABLISHED 9876/analytics-service
tcp        0      0 10.0.3.45:8081         10.0.2.201:52341      ESTABLISHED 5432/upload-service
tcp        0      0 10.0.3.45:22           192.168.150.25:49323  ESTABLISHED 1234/sshd`;
const FOREST = `
root          1      0  0 Apr08 ?        00:00:33 /sbin/init
root       1255      1  0 Apr08 ?        00:00:12  \\_ /usr/sbin/cron
root       3471   1255  0 08:00 ?        00:00:02      \\_ /bin/sh /home/aanya/scripts/analytics_maintenance.sh
analytics  9876      1  0 Apr08 ?        01:05:23 /usr/bin/analytics-service
analytics  9880   9876  0 Apr08 ?        00:45:11  \\_ /usr/bin/analytics-worker
analytics  9881   9880  0 Apr08 ?        00:30:22      \\_ /usr/bin/analytics-processor
analytics 12345   9881  0 08:32 ?        00:00:05          \\_ /bin/bash /opt/analytics/scripts/process_batch.sh 46010`;
/** PID, USER, RES in KiB and COMMAND of the seed's `top`, without the one whose pid the forest has as well. */
const TOP = `
 9876 analyzer  20   0 1258740 298504  14352 S   4.3   1.8  65:23.21 analytics-service
 5432 www-data  20   0  724512 142308  12836 S   3.2   0.8  18:45.12 upload-service
 4321 analytics 20   0  684128 125484  11248 S   2.1   0.7  22:30.45 processing-service
 3210 postgres  20   0  512992  98756  10248 S   1.5   0.6  45:20.10 postgres`;

const dir = mkdtempSync(join(tmpdir(), "slseed-"));
const proc = join(dir, "proc");
const roots = { proc_root: proc, sys_root: join(dir, "sys"), root: dir };
const rowsOf = (table: string): string[][] =>
  table
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/\s+/));
const placeIn = (event: Event, side: "local" | "remote"): string =>
  `${event[`system.socket.${side}.ip`] as string}:${event[`system.socket.${side}.port`] as number}`;
const secondsOf = (time: string): number => time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);

interface Made {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly seconds: number;
  readonly kib?: number;
  /** Seconds since boot. */
  readonly start: number;
}

function makeProcess({ pid, parent, command, seconds, kib = 0, start }: Made): void {
  const own = join(proc, String(pid));
  const name = (command.split(" ")[0] as string).split("/").pop() as string;
  mkdirSync(join(own, "fd"), { recursive: true });
  // The kernel keeps 15 bytes of a name.
  writeFileSync(join(own, "comm"), `${name.slice(0, 15)}\n`);
  writeFileSync(join(own, "cmdline"), `${command.replaceAll(" ", "\0")}\0`);
  const unknown = Array.from({ length: 9 }, () => 0).join(" ");
  const times = `${Math.round(seconds * 100)} 0 0 0 20 0 1 0 ${start * 100} 0 ${Math.round(kib / 4)}`;
  writeFileSync(join(own, "stat"), `${pid} (${name.slice(0, 15)}) S ${parent} ${unknown} ${times} 0\n`);
}

/** `10.0.3.45:8080` as /proc/net/tcp has it. */
function hexOf(place: string): string {
  const [address = "", port] = place.split(":");
  const bytes = address.split(".").toReversed();
  const hex = (n: number, digits: number): string => n.toString(16).toUpperCase().padStart(digits, "0");
  return `${bytes.map((byte) => hex(Number(byte), 2)).join("")}:${hex(Number(port === "*" ? 0 : port), 4)}`;
}

function makeProcesses(): void {
  for (const [index, [user, pid, parent, , , , time = "", ...command]] of rowsOf(FOREST).entries()) {
    const written = command.filter((word) => word !== "\\_").join(" ");
    const made = { pid: Number(pid), parent: Number(parent), command: written, seconds: secondsOf(time) };
    const kib = rowsOf(TOP).find(([known]) => known === pid)?.[5];
    makeProcess({ ...made, start: 100 + index, ...(kib && { kib: Number(kib) }) });
    expect(user).toBeDefined();
  }
  const forest = new Set(rowsOf(FOREST).map(([, pid]) => pid));
  for (const [pid, , , , , res, , , , , time = "", name = ""] of rowsOf(TOP)) {
    if (forest.has(pid)) continue;
    makeProcess({ pid: Number(pid), parent: 1, command: name, seconds: secondsOf(time), kib: Number(res), start: 500 });
  }
  makeProcess({ pid: 1234, parent: 1, command: "/usr/sbin/sshd", seconds: 1, start: 500 });
}

function makeSockets(): void {
  const lines = ["  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"];
  const add = (local: string, remote: string, state: string, holder: { pid: string; fd: string }): void => {
    const inode = 1000 + lines.length;
    const rest = `00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0`;
    lines.push(`   ${lines.length - 1}: ${hexOf(local)} ${hexOf(remote)} ${state} ${rest}`);
    symlinkSync(`socket:[${inode}]`, join(proc, holder.pid, "fd", holder.fd));
  };
  for (const [, , , , local = "", remote = "", users = ""] of rowsOf(LISTENING)) {
    const [, pid = "", fd = ""] = /pid=(\d+),fd=(\d+)/.exec(users) as RegExpExecArray;
    add(local, remote, "0A", { pid, fd });
  }
  for (const [, , , local = "", remote = "", , program = ""] of rowsOf(ESTABLISHED)) {
    add(local, remote, "01", { pid: program.split("/")[0] as string, fd: "20" });
  }
  mkdirSync(join(proc, "1", "net"), { recursive: true });
  writeFileSync(join(proc, "1", "net", "tcp"), `${lines.join("\n")}\n`);
}

beforeAll(() => {
  const mib = (n: number): string => `${Math.round(n * 1024)} kB`;
  mkdirSync(proc, { recursive: true });
  writeFileSync(join(proc, "uptime"), `${5 * 86_400 + 12 * 3600 + 43 * 60}.00 1.0\n`);
  writeFileSync(
    join(proc, "meminfo"),
    `MemTotal: ${mib(16_384)}\nMemFree: ${mib(2635.1)}\nMemAvailable: ${mib(5692.3)}\nBuffers: 0 kB\nCached: ${mib(4952.4)}\nShmem: ${mib(295)}\nSwapTotal: ${mib(8192)}\nSwapFree: ${mib(8096.1)}\n`,
  );
  makeProcesses();
  makeSockets();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("the listening sockets of the seed's `ss -tulnp`, column by column", async () => {
  const events = await sampleOf({ collect: ["sockets"], ...roots });
  const seen = events.filter((event) => event["event.dataset"] === "system.socket.listening");
  // How many may wait to be accepted is not in /proc; of a name the kernel keeps 15 bytes.
  const expected = rowsOf(LISTENING).map(([transport, state, received, , local, remote, users = ""]) =>
    [transport, state, received, "-", local, remote, users.replace(/"([^"]{15})[^"]*"/, '"$1"')].join(" "),
  );
  expect(seen.map(({ message }) => message)).toEqual(expected);
});

test("the established connections of the seed's `netstat -anp`, and how many each process has", async () => {
  const events = await sampleOf({ collect: ["sockets"], sockets: { connections: true, max: 100 }, ...roots });
  const seen = events
    .filter((event) => event["event.dataset"] === "system.socket")
    .map((event) => [
      placeIn(event, "local"),
      placeIn(event, "remote"),
      `${event["process.pid"] as number}/${event["process.name"] as string}`,
    ]);
  const expected = rowsOf(ESTABLISHED).map(([, , , local, remote, , program = ""]) => {
    const [pid, name = ""] = program.split("/");
    return [local, remote, `${pid}/${name.slice(0, 15)}`];
  });
  expect(seen).toEqual(expected);
  const groups = events.filter((event) => event["event.dataset"] === "system.socket.established");
  expect(new Set(groups.map(({ message }) => message))).toEqual(
    new Set([
      "analytics-servi (pid 9876): 1 established to 1 peer",
      "sshd (pid 1234): 1 established to 1 peer",
      "upload-service (pid 5432): 1 established to 1 peer",
    ]),
  );
  expect(events[0]).toMatchObject({
    "system.socket.summary.tcp.all.listening": 5,
    "system.socket.summary.tcp.all.established": 3,
  });
});

test("the seed's process tree, from the analytics service down", async () => {
  const options = { collect: ["processes"], processes: { top: 0, tree: ["analytics-service"] } };
  const events = await sampleOf({ ...options, ...roots });
  const tree = events.find((event) => event["event.dataset"] === "system.process.tree");
  expect(tree?.["message"]).toBe(`    PID    PPID COMMAND
   9876       1 /usr/bin/analytics-service
   9880    9876  \\_ /usr/bin/analytics-worker
   9881    9880      \\_ /usr/bin/analytics-processor
  12345    9881          \\_ /bin/bash /opt/analytics/scripts/process_batch.sh 46010`);
});

test("the seed's largest processes, its expected ones, and no zombie", async () => {
  const expected = ["analytics-service", "upload-service", "processing-service", "postgres", "nginx"];
  const events = await sampleOf({ collect: ["processes"], processes: { top: 4, expected }, ...roots });
  const bySize = events
    .filter((event) => event["event.dataset"] === "system.process")
    .toSorted((a, b) => Number(b["system.process.memory.rss.bytes"]) - Number(a["system.process.memory.rss.bytes"]));
  for (const [i, [pid, , , , , res, , , , memory]] of rowsOf(TOP).entries()) {
    expect(bySize[i]).toMatchObject({
      "process.pid": Number(pid),
      "system.process.memory.rss.bytes": Number(res) * 1024,
    });
    // `top` cuts the share, it does not round it.
    const share = 100 * Number(bySize[i]?.["system.process.memory.rss.pct"]);
    expect(Math.abs(share - Number(memory))).toBeLessThan(0.11);
  }
  const running = events.filter((event) => event["event.dataset"] === "system.process.expected");
  expect(running.map(({ message }) => message)).toEqual([
    ...expected.slice(0, 4).map((name) => `Process ${name} is running (1)`),
    "Critical process nginx is not running!",
  ]);
  expect(events.some((event) => event["event.dataset"] === "system.process.zombie")).toBe(false);
});

test("the memory and swap of the seed's `top` and `free -h`", async () => {
  const [event] = await sampleOf({ collect: ["memory"], ...roots });
  const mib = (field: string): number => Math.round(Number(event?.[field]) / 1024 / 102.4) / 10;
  expect(mib("system.memory.total")).toBe(16_384);
  expect(mib("system.memory.free")).toBe(2635.1);
  expect(mib("system.memory.cached")).toBe(4952.4);
  expect(mib("system.memory.actual.free")).toBe(5692.3);
  expect(mib("system.memory.shared")).toBe(295);
  expect(mib("system.memory.swap.used.bytes")).toBe(95.9);
  expect(mib("system.memory.swap.free")).toBe(8096.1);
});
