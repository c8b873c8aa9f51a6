import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { readdirSync, readFileSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import path from "node:path";
import { requireDebian } from "@sluice/testkit";
import { expect, onTestFinished, test } from "vitest";
import { ROOT, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const pipeline = (name: string) => path.join(ROOT, "pipelines", name);

/** The lines that the seeds show, and others of the same services. */
const SERVICES = `2025-04-13 07:15:22 UPLOAD WARN [SSLConnector] SSL certificate verification disabled for endpoint: https://api.analytics-partner.com
2025-04-13 07:16:45 UPLOAD INFO [HTTPClient] Connected to external API with insecure flag
2025-04-13 08:01:12 UPLOAD WARN [SSLConnector] SSL certificate verification disabled for endpoint: https://metrics.analytics-partner.com
Apr 13 09:15:42 analytics-prod-03 systemd[1]: Started Analytics Upload Service.
Apr 13 09:15:45 analytics-prod-03 upload-service[5432]: Listening on port 8081
`;
const OTHERS = `{"time":"2025-04-13T07:20:00.000Z","level":"error","service":"processing","logger":"Batch","msg":"token=8f14e45fceea167a5a36dedd4bea2543 seq=1"}
{"time":"2025-04-13T07:20:01.000Z","level":"info","service":"processing","logger":"Batch","msg":"done seq=2"}
{"time":"2025-04-13T07:20:05.000Z","level":"info","service":"processing","logger":"Batch","msg":"done seq=5"}
`;

test("service-logs: mixed formats become one form, with a report and alerts", async () => {
  await using work = await Workspace.create();
  await work.write("analytics-a.log", SERVICES);
  await work.write("analytics-b.log", OTHERS);
  const env = { SERVICE_LOGS: work.path("analytics*.log"), UNIFIED_DIR: work.path("out") };
  const args = ["run", pipeline("service-logs.yaml"), "--state-dir", work.path("state"), "--until-eof"];
  const sluice = startSluice(args, { env });
  expect(await sluice.ended, sluice.stderr()).toBe(0);
  const read = async (directory: string) => {
    const names = await readdir(work.path("out", directory));
    const texts = await Promise.all(names.map((name) => readFile(work.path("out", directory, name), "utf8")));
    return texts.join("").trim().split("\n");
  };
  expect(await readdir(work.path("out", "unified"))).toContain("unified_20250413.log");
  const unified = await read("unified");
  expect(unified).toHaveLength(8);
  for (const line of SERVICES.split("\n").slice(0, 3)) expect(unified).toContain(line);
  for (const line of unified) expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ [A-Z]+ \[[^\]]+\] /);
  expect(unified.join("\n")).toContain("2025-04-13 07:20:00 PROCESSING ERROR [Batch] token=[redacted:");
  expect(unified.join("\n")).not.toContain("8f14e45f");
  const reports = await read("reports");
  expect(reports).toContain(
    "UPLOAD: 3 events, 2 warnings, 0 errors from 2025-04-13T00:00:00.000Z to 2025-04-14T00:00:00.000Z",
  );
  expect(reports.some((line) => line.startsWith("PROCESSING: 3 events, 0 warnings, 1 errors"))).toBe(true);
  const [alert] = (await read("alerts")).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(alert).toMatchObject({ message: "PROCESSING: numbers 3 to 4 are missing", "event.action": "sequence_gap" });
  const [alerts] = await readdir(work.path("out", "alerts"));
  expect((await stat(work.path("out", "alerts", alerts as string))).mode & 0o777).toBe(0o600);
});

/** A port that is free for TCP; whether it is for UDP as well shows soon. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Has iptraf-ng write its log of what `nc` of the seed sent, in network namespaces of its own; null where it cannot. */
async function realTrafficLog(work: Workspace): Promise<string | null> {
  if (!requireDebian(["iptraf-ng", "iproute2:ip"])) return null;
  const ip = (...args: string[]) => spawnSync("ip", args).status === 0;
  const [one, two] = [`sl${process.pid}a`, `sl${process.pid}b`];
  onTestFinished(() => void [ip("netns", "del", one), ip("netns", "del", two)]);
  const made =
    ip("netns", "add", one) &&
    ip("netns", "add", two) &&
    ip("link", "add", "tap0", "netns", one, "type", "veth", "peer", "name", "tap1", "netns", two) &&
    ip("-n", one, "addr", "add", "10.77.0.1/24", "dev", "tap0") &&
    ip("-n", two, "addr", "add", "10.77.0.2/24", "dev", "tap1") &&
    ip("-n", one, "link", "set", "tap0", "up") &&
    ip("-n", two, "link", "set", "tap1", "up");
  if (!made) return null;
  const log = work.path("traffic_log.txt");
  const inside = ["netns", "exec", one, "env", "TERM=xterm", "iptraf-ng", "-i", "tap0", "-B", "-L", log];
  expect(spawnSync("ip", inside).status).toBe(0);
  const pid = () => readdirSync("/proc").find((name) => /^\d+$/.test(name) && commandOf(name).includes(log));
  await until(() => pid() !== undefined, "iptraf-ng to run");
  onTestFinished(() => void process.kill(Number(pid()), "SIGKILL"));
  await until(async () => (await readFile(log, "utf8").catch(() => "")).includes("started"), "iptraf-ng to listen");
  const talk = `const net=require("net");
    const server=net.createServer((c)=>{c.on("data",()=>{});c.on("end",()=>{c.end();server.close()})});
    server.listen(2525,"10.77.0.1")`;
  const send = `const net=require("net");
    (function again(){const c=net.connect(2525,"10.77.0.1",()=>c.end("test\\ntest testing\\n"));c.on("error",()=>setTimeout(again,100));c.on("data",()=>{})})()`;
  await Promise.all([startIn(one, talk), startIn(two, send)]);
  await until(async () => (await readFile(log, "utf8")).includes("FIN sent"), "iptraf-ng to write");
  return log;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** Runs a script of Node.js in a network namespace to its end. */
async function startIn(namespace: string, script: string): Promise<void> {
  const child = spawn("ip", ["netns", "exec", namespace, process.execPath, "-e", script], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await new Promise((resolve) => child.once("exit", resolve));
}

test("network-traffic: keeps what clients send, and what iptraf-ng saw of it", async () => {
  await using work = await Workspace.create();
  const log = await realTrafficLog(work);
  const port = await freePort();
  const env = { LISTEN: `127.0.0.1:${port}`, TRAFFIC_LOG: log ?? work.path("none"), RECEIVED_DIR: work.path("out") };
  const sluice = startSluice(["run", pipeline("network-traffic.yaml"), "--state-dir", work.path("state")], { env });
  await until(() => sluice.stderr().includes('"running"'), "sluice to run");
  const text = ["test", "test testing", "This is a test"].map((line) => `${line}\n`).join("");
  await until(
    () =>
      new Promise<boolean>((resolve) => {
        const client = connect(port, "127.0.0.1", () => client.end(text, () => resolve(true)));
        client.on("error", () => resolve(false));
      }),
    "a connection",
  );
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  await new Promise((resolve) => socket.send("a datagram\n", port, "127.0.0.1", resolve));
  const received = async () => (await readFile(work.path("out", "received.log"), "utf8").catch(() => "")).split("\n");
  await until(async () => (await received()).length >= 5, "the lines to be kept");
  expect((await received()).sort()).toEqual(["", "This is a test", "a datagram", "test", "test testing"]);
  if (log !== null) {
    const traffic = async () => {
      const lines = (await readFile(work.path("out", "traffic.ndjson"), "utf8").catch(() => "")).trim().split("\n");
      return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    await until(
      async () => (await traffic()).some((event) => String(event["log.message"]).startsWith("FIN sent")),
      "the log",
    );
    const events = await traffic();
    expect(events.filter((event) => event["tags"] !== undefined)).toEqual([]);
    expect(events).toContainEqual(
      expect.objectContaining({ "network.transport": "tcp", "source.ip": "10.77.0.2", "destination.port": 2525 }),
    );
  }
  expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
});
