import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Event } from "@sluice/core";
import { checkSource, requireDebian } from "@sluice/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uptimeText } from "../src/collectors/load.ts";
import { readMounts, shownByDf } from "../src/collectors/mounts.ts";
import { parseStat } from "../src/collectors/process-table.ts";
import { parseUnits } from "../src/collectors/services.ts";
import { parseSocket } from "../src/collectors/socket-table.ts";
import { hostSource } from "../src/index.ts";
import { humanBytes } from "../src/text/amounts.ts";
import { output, sampleOf } from "./support.ts";

const hasPrograms = requireDebian(["procps:ps", "iproute2:ss"]);
const dir = mkdtempSync(join(tmpdir(), "slh-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Repeats a comparison with what moves until it holds, for most of a minute. */
async function eventually(compare: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + 45_000; ; await sleep(100)) {
    try {
      return await compare();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

describe.skipIf(!hasPrograms)("agrees with", () => {
  test("df, in what it shows, in sizes, shares and inodes", async () => {
    await eventually(async () => {
      const before = output("df", "-B1", "--output=target,source,fstype,size,used,avail,pcent,itotal,iused");
      const events = await sampleOf({ collect: ["filesystems"] });
      const rows = before
        .trim()
        .split("\n")
        .slice(1)
        .map((row) => row.trim().split(/\s+/));
      expect(events.map((event) => event["system.filesystem.mount_point"])).toEqual(rows.map(([target]) => target));
      for (const [i, event] of events.entries()) {
        const [, source, type, size, used, available, percent, files, usedFiles] = rows[i] as string[];
        expect(event).toMatchObject({ "system.filesystem.device_name": source, "system.filesystem.type": type });
        expect(event["system.filesystem.total"]).toBe(Number(size));
        expect(event["system.filesystem.files"]).toBe(Number(files));
        // Others write meanwhile.
        const slack = 64 * 1024 * 1024;
        expect(Math.abs((event["system.filesystem.used.bytes"] as number) - Number(used))).toBeLessThan(slack);
        expect(Math.abs((event["system.filesystem.available"] as number) - Number(available))).toBeLessThan(slack);
        expect(
          Math.abs((event["system.filesystem.used.pct"] as number) * 100 - Number.parseInt(percent as string, 10)),
        ).toBeLessThan(1.01);
        expect(Math.abs((event["system.filesystem.used_files"] as number) - Number(usedFiles))).toBeLessThan(5000);
      }
    });
  });

  test("df -h, to the letter", async () => {
    await eventually(async () => {
      const printed = output("df", "-h")
        .trim()
        .split("\n")
        .slice(1)
        .map((row) => row.trim().split(/\s+/).join(" "));
      const events = await sampleOf({ collect: ["filesystems"] });
      expect(events.map(({ message }) => (message as string).split(/\s+/).join(" "))).toEqual(printed);
    });
  });

  test("free", async () => {
    const [, memory = "", swap = ""] = output("free", "-b").split("\n");
    const [event] = await sampleOf({ collect: ["memory"] });
    const [total, , free, , cached, available] = memory.split(/\s+/).slice(1).map(Number) as number[];
    const near = (field: string, value: number | undefined): void =>
      expect(Math.abs(((event as Event)[field] as number) - (value as number))).toBeLessThan(1024 ** 3);
    expect(event?.["system.memory.total"]).toBe(total);
    near("system.memory.free", free);
    near("system.memory.cached", cached);
    near("system.memory.actual.free", available);
    expect(event?.["system.memory.swap.total"]).toBe(Number(swap.split(/\s+/)[1]));
  });

  test("uptime, to the letter but for the time of day", async () => {
    const withoutTime = (line: string): string =>
      line.trim().replace(/^\S+ /, "").replaceAll(/\s+/g, " ").replace("users", "user");
    await eventually(async () => {
      const printed = withoutTime(output("uptime"));
      const [event] = await sampleOf({ collect: ["load"] });
      expect(withoutTime(event?.["message"] as string)).toBe(printed);
    });
  });

  test("ps, about a process of known size, and pgrep about which run", async () => {
    const hungry = spawn(process.execPath, [
      "-e",
      "const b = Buffer.alloc(3e8, 1); setInterval(() => b[0], 1e6); console.log('on')",
    ]);
    try {
      await once(hungry.stdout, "data");
      const options = {
        collect: ["processes"],
        processes: { top: 1000, expected: ["vitest-is-not-so-named", "node"] },
      };
      const events = await sampleOf(options);
      const [rss, parent, user] = output("ps", "-o", "rss=,ppid=,user=", "-p", String(hungry.pid)).trim().split(/\s+/);
      const seen = events.find(
        (event) => event["process.pid"] === hungry.pid && event["event.dataset"] === "system.process",
      );
      expect(seen).toMatchObject({ "process.parent.pid": Number(parent), "user.name": user });
      expect(Math.abs((seen?.["system.process.memory.rss.bytes"] as number) - Number(rss) * 1024)).toBeLessThan(5e7);
      const expected = events.filter((event) => event["event.dataset"] === "system.process.expected");
      expect(expected.map((event) => event["system.process.running"])).toEqual([false, true]);
      expect(expected[0]?.["message"]).toBe("Critical process vitest-is-not-so-named is not running!");
    } finally {
      hungry.kill("SIGKILL");
    }
  });

  test("ps, about a zombie and its parent", async () => {
    // The shell becomes sleep, which waits for no child.
    const parent = spawn("sh", ["-c", "true & exec sleep 600"]);
    try {
      await eventually(async () => {
        const printed = output("ps", "-eo", "pid=,ppid=,stat=")
          .split("\n")
          .map((row) => row.trim().split(/\s+/));
        const own = printed.find(([, ppid, stat]) => ppid === String(parent.pid) && stat?.startsWith("Z"));
        expect(own).toBeDefined();
        const events = await sampleOf({ collect: ["processes"] });
        const zombie = events.find(
          (event) => event["event.dataset"] === "system.process.zombie" && event["process.parent.pid"] === parent.pid,
        );
        expect(zombie).toMatchObject({ "process.pid": Number(own?.[0]), "process.parent.name": "sleep" });
      });
    } finally {
      parent.kill("SIGKILL");
    }
  });

  test("ss, about who listens where and who is connected", async () => {
    const server = createServer(() => {}).listen(0, "127.0.0.1");
    const server6 = createServer(() => {}).listen(0, "::1");
    await Promise.all([once(server, "listening"), once(server6, "listening")]);
    const { port } = server.address() as { port: number };
    const port6 = (server6.address() as { port: number }).port;
    const client = connect(port, "127.0.0.1");
    await once(client, "connect");
    try {
      const events = await sampleOf({ collect: ["sockets"], sockets: { connections: true, max: 10_000 } });
      for (const [address, at] of [
        ["127.0.0.1", port],
        ["::1", port6],
      ] as const) {
        const printed = output("ss", "-H", "-ltnp", `sport = :${at}`);
        expect(printed).toContain(`pid=${process.pid}`);
        const seen = events.find(
          (event) => event["system.socket.local.port"] === at && event["event.dataset"] === "system.socket.listening",
        );
        expect(seen).toMatchObject({
          "system.socket.local.ip": address,
          "process.pid": process.pid,
          "network.transport": "tcp",
        });
      }
      const connection = events.find((event) => event["system.socket.remote.port"] === port);
      expect(connection).toMatchObject({ "system.socket.local.port": client.localPort, "process.pid": process.pid });
      const group = events.find(
        (event) => event["event.dataset"] === "system.socket.established" && event["process.pid"] === process.pid,
      );
      expect(group?.["system.socket.established.count"]).toBeGreaterThanOrEqual(2);
    } finally {
      client.destroy();
      server.close();
      server6.close();
    }
  });

  test("ss -tnp, column by column, also where data waits to be read", async () => {
    const server = createServer({ pauseOnConnect: true }, () => {}).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const client = connect(port, "127.0.0.1");
    await once(client, "connect");
    client.write("x".repeat(1000));
    const columns = (row: string): string[] => row.trim().split(/\s+/);
    try {
      await eventually(async () => {
        const events = await sampleOf({ collect: ["sockets"], sockets: { connections: true, max: 10_000 } });
        const rows = events
          .filter((event) => event["system.socket.local.port"] === port)
          .map((event) => columns(event["message"] as string).slice(1));
        const [listening] = output("ss", "-H", "-ltnp", `sport = :${port}`).split("\n").map(columns) as [string[]];
        const established = output("ss", "-H", "-tnp", `sport = :${port}`).trim().split("\n").map(columns);
        expect(established).toHaveLength(1);
        expect(established[0]?.slice(0, 3)).toEqual(["ESTAB", "1000", "0"]);
        // How many may wait to be accepted is not in /proc.
        listening[2] = "-";
        expect(rows).toEqual([listening, ...established]);
      });
    } finally {
      client.destroy();
      server.close();
    }
  });

  test("ss -s, in counts by state", async () => {
    await eventually(async () => {
      const listening = output("ss", "-H", "-ltn").trim().split("\n").filter(Boolean).length;
      const established = output("ss", "-H", "-tn", "state", "established").trim().split("\n").filter(Boolean).length;
      const [summary] = await sampleOf({ collect: ["sockets"] });
      expect(summary).toMatchObject({
        "system.socket.summary.tcp.all.listening": listening,
        "system.socket.summary.tcp.all.established": established,
      });
    });
  });

  test("ip -s link, in counters and interfaces", async () => {
    await eventually(async () => {
      const links = JSON.parse(output("ip", "-j", "-s", "link")) as {
        ifname: string;
        operstate: string;
        stats64: { rx: { bytes: number } };
      }[];
      const events = await sampleOf({ collect: ["network"] });
      expect(new Set(events.map((event) => event["system.network.name"]))).toEqual(
        new Set(links.map(({ ifname }) => ifname)),
      );
      for (const { ifname, stats64, operstate } of links) {
        const seen = events.find((event) => event["system.network.name"] === ifname) as Event;
        expect(seen["system.network.in.bytes"]).toBeGreaterThanOrEqual(stats64.rx.bytes);
        expect((seen["system.network.state"] as string).toUpperCase()).toBe(operstate);
        expect(seen["system.network.in.bytes_per_second"]).toBeTypeOf("number");
      }
    });
  });

  test("find and du, about a directory", async () => {
    const root = join(dir, "uploads");
    mkdirSync(join(root, "incoming", "deep"), { recursive: true });
    for (let i = 0; i < 30; i++)
      writeFileSync(join(root, "incoming", i % 2 ? "deep" : "", `f${i}`), "x".repeat(5000 + i));
    for (let i = 0; i < 10; i++) utimesSync(join(root, "incoming", `f${2 * i}`), 1_600_000_000, 1_600_000_000);
    symlinkSync("/", join(root, "away"));
    const options = {
      collect: ["directories"],
      directories: [{ path: root }, { path: join(root, "none") }, { path: root, max_files: 5 }],
    };
    const [seen, none, limited] = await sampleOf(options);
    const count = (...more: string[]): number =>
      output("find", root, "-type", "f", ...more)
        .trim()
        .split("\n").length;
    expect(seen?.["system.directory.files"]).toBe(count());
    expect(seen?.["system.directory.recent_files"]).toBe(count("-mmin", "-60"));
    // du counts the directories themselves, too.
    const directories = output("find", root, "-not", "-type", "f", "-printf", "%b\n")
      .trim()
      .split("\n")
      .reduce((sum, blocks) => sum + Number(blocks) * 512, 0);
    expect(seen?.["system.directory.disk_bytes"]).toBe(
      Number(output("du", "-s", "-B1", root).split("\t")[0]) - directories,
    );
    expect(none).toMatchObject({
      "system.directory.available": false,
      message: `${join(root, "none")} does not exist!`,
    });
    expect(limited).toMatchObject({ "system.directory.limited": true });
  });
});

test("the tree has a process below its parent", async () => {
  const parent = spawn("sh", ["-c", "sleep 600 & exec sleep 601"]);
  try {
    await eventually(async () => {
      const events = await sampleOf({ collect: ["processes"], processes: { top: 0, tree: ["sleep"] } });
      const tree = events.find((event) => event["event.dataset"] === "system.process.tree");
      expect(tree?.["message"]).toMatch(/ sleep 601\n +\d+ +\d+ {2}\\_ sleep 600/);
    });
  } finally {
    spawn("sh", ["-c", `kill $(ps -o pid= --ppid ${parent.pid}) ${parent.pid}`]);
  }
});

test("what cannot be asked is said once, and does not keep back the rest", async () => {
  const said: object[] = [];
  const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => void said.push(fields) };
  const events = await sampleOf({ collect: ["load"], services: { systemctl: "/nonexistent/systemctl" } }, log);
  expect(events.map((event) => event["event.dataset"])).toEqual(["system.load"]);
  expect(said).toEqual([
    {
      code: "SLUICE_SOURCE",
      kind: "services",
      error: "there is no /nonexistent/systemctl here: services need systemd",
    },
  ]);
});

describe("with the host's files mounted elsewhere", () => {
  const proc = join(dir, "proc");
  beforeAll(() => {
    mkdirSync(join(proc, "1", "net"), { recursive: true });
    writeFileSync(join(proc, "loadavg"), "0.06 0.15 0.18 1/213 9876\n");
    writeFileSync(join(proc, "uptime"), `${54 * 86_400 + 17 * 3600 + 59 * 60 + 5}.12 1.0\n`);
    writeFileSync(join(proc, "stat"), "cpu  1 2 3 4 5 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n");
    writeFileSync(join(proc, "1", "net", "dev"), "Inter-|\n face |\n  eth0: 100 2 0 1 0 0 0 0 200 3 4 0 0 0 0 0\n");
  });

  test("those are read", async () => {
    const options = { collect: ["load", "network"], proc_root: proc, sys_root: join(dir, "sys"), root: dir };
    const [load, eth0] = await sampleOf(options);
    // The seed's own line.
    expect(load?.["message"]).toMatch(
      /^\d\d:\d\d:\d\d up 54 days, 17:59, {2}0 users, {2}load average: 0.06, 0.15, 0.18$/,
    );
    expect(eth0).toMatchObject({
      "system.network.name": "eth0",
      "system.network.in.bytes": 100,
      "system.network.in.dropped": 1,
      "system.network.out.errors": 4,
      "system.network.state": "unknown",
    });
  });

  test("the contract of sources is kept", async () => {
    const parsed = hostSource.options.parse({
      interval: "100ms",
      collect: ["directories"],
      directories: [{ path: "/nonexistent" }],
    });
    const create = { name: "host", pipeline: "p", baseDir: "/", hostname: "h", warn: () => {} };
    await checkSource({
      create: () => hostSource.create(parsed, create),
      expected: ["/nonexistent does not exist!"],
      resumable: false,
    });
  });
});

test("df's choice of mounts", () => {
  const mounts = readMounts(
    [
      "22 27 0:21 / /proc rw - proc proc rw",
      "27 1 254:0 / / rw - ext4 /dev/vda rw",
      "112 27 254:0 /run/netns /run/netns rw - ext4 /dev/vda rw",
      "30 27 0:40 / /srv/with\\040space rw - nfs4 server:/export rw",
      "31 27 0:40 / /srv/other rw - nfs4 server:/other rw",
      "33 27 0:50 / /over rw - tmpfs first rw",
      "34 27 0:51 / /over ro - tmpfs second rw",
    ].join("\n"),
  );
  expect(shownByDf(mounts).map(({ device, mountPoint }) => `${device} ${mountPoint}`)).toEqual([
    "/dev/vda /",
    "server:/export /srv/with space",
    "server:/other /srv/other",
    "second /over",
  ]);
});

test("a name of a process may hold anything", () => {
  const stat = "42 (a) R 1 (b) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 3 0 1000 5000 25 0";
  expect(parseStat(stat)).toMatchObject({
    pid: 42,
    comm: "a) R 1 (b",
    state: "S",
    parent: 7,
    cpuSeconds: 2,
    threads: 3,
    rss: 102_400,
  });
});

test("addresses of sockets", () => {
  const line = (local: string, state: string): string =>
    `0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 0 0 77 1`;
  expect(parseSocket(line("0100007F:1F90", "0A"), "tcp")?.local).toEqual({ address: "127.0.0.1", port: 8080 });
  expect(parseSocket(line("B80D01200000000067452301EFCDAB89:0016", "0A"), "tcp6")?.local.address).toBe(
    "2001:db8::123:4567:89ab:cdef",
  );
  expect(parseSocket(line("00000000000000000000000000000000:0016", "07"), "udp6")).toMatchObject({
    state: "unconnected",
    local: { address: "::" },
  });
  expect(parseSocket(line("0000000000000000FFFF00000100007F:0016", "01"), "tcp6")?.local.address).toBe(
    "::ffff:127.0.0.1",
  );
});

test("units as systemctl prints them", () => {
  const printed =
    "Id=ssh.service\nNames=ssh.service sshd.service\nDescription=OpenBSD Secure Shell server\nLoadState=loaded\nActiveState=active\nSubState=running\nMainPID=812\nMemoryCurrent=[not set]\n\nId=upload-service.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nDescription=a=b\n";
  const units = parseUnits(printed);
  expect(units.map((unit) => [unit.get("Id"), unit.get("ActiveState")])).toEqual([
    ["ssh.service", "active"],
    ["upload-service.service", "inactive"],
  ]);
  expect(units[1]?.get("Description")).toBe("a=b");
});

test("amounts as df and uptime print them", () => {
  expect([0, 512, 1023, 1024, 1025, 6.2 * 1024 ** 3, 29.9 * 1024 ** 3, 1023.5 * 1024].map(humanBytes)).toEqual([
    "0",
    "512",
    "1023",
    "1.0K",
    "1.1K",
    "6.2G",
    "30G",
    "1.0M",
  ]);
  expect([30, 780, 3600, 86_400, 2 * 86_400 + 3900].map(uptimeText)).toEqual([
    "0 min",
    "13 min",
    " 1:00",
    "1 day, 0 min",
    "2 days,  1:05",
  ]);
});
