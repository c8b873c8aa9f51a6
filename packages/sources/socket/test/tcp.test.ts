import { createConnection, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Source, SourceContext } from "@sluice/core";
import { checkSource, FakeSourceContext } from "@sluice/testkit";
import { expect, test } from "vitest";
import { tcpSource } from "../src/index.ts";
import { createSource, KeptLog, RunningSource, sendAll } from "./harness.ts";

const KIB = 1024;

test("keeps the source contract", { timeout: 60_000 }, async () => {
  const lines = Array.from({ length: 2000 }, (_, i) => `line ${i}`);
  // The listener's address is known only when it runs: the client comes along with the source.
  const create = (): Source => {
    const source = createSource(tcpSource, { address: "127.0.0.1:0", drain_timeout: "0s" });
    return {
      async run(ctx) {
        const log = new KeptLog();
        const { stop, finite, state } = ctx;
        const context: SourceContext = {
          stop,
          finite,
          state,
          log,
          emit: (batch) => ctx.emit(batch),
          inFlight: () => 0,
          lost: () => {},
          hurry: () => {},
        };
        const running = source.run(context);
        const port = await portIn(log);
        await sendAll(await dial(port), lines.join("\n"));
        await running;
      },
    };
  };
  await checkSource({ create, expected: lines, resumable: false });
});

async function portIn(log: KeptLog): Promise<number> {
  for (;;) {
    const port = log.entries.find(({ message }) => message === "listening")?.fields["port"];
    if (port) return port as number;
    await sleep(5);
  }
}

async function dial(port: number): Promise<Socket> {
  const socket = createConnection({ host: "127.0.0.1", port, allowHalfOpen: true });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

test("says whom a record is from, and gives each connection a stream of its own", async () => {
  await using source = await RunningSource.start(tcpSource);
  const [one, two] = [await source.connect(), await source.connect()];
  const ports = [one.localPort, two.localPort];
  await Promise.all([sendAll(one, "a\n"), sendAll(two, "b\n")]);
  await source.until(() => source.texts.length === 2, "two records");
  const streams = source.ctx.batches.map(({ stream }) => stream);
  expect(new Set(streams.map(({ fields }) => fields["log.source.address"]))).toEqual(
    new Set(ports.map((port) => `127.0.0.1:${port}`)),
  );
  expect(streams.every(({ fields }) => fields["network.transport"] === "tcp")).toBe(true);
  expect(new Set(streams.map(({ id }) => id)).size).toBe(2);
});

test("reads no further than the pipeline takes, and everything when it does", async () => {
  let open: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const options = { connection_buffer: "64KiB", buffer: "1MiB" };
  await using source = await RunningSource.start(tcpSource, options, { gate: () => gate });
  const block = `${"x".repeat(99)}\n`.repeat(10 * KIB);
  const total = 40;
  const sockets = await Promise.all(Array.from({ length: 4 }, () => source.connect()));
  let written = 0;
  for (const socket of sockets) {
    for (let i = 0; i < total / 4; i++) socket.write(block, () => (written += block.length));
    socket.resume().end();
  }
  await sleep(1500);
  // What the kernel's buffers took may be much, but is not all.
  expect(written).toBeLessThan(total * block.length);
  open?.();
  await source.until(() => source.ctx.records.length === total * 10 * KIB, "all records");
  expect(source.ctx.batches.every(({ data }) => data.length <= 512 * KIB)).toBe(true);
});

test("reads after the stop what is on its way, until the client has answered the FIN", async () => {
  const source = await RunningSource.start(tcpSource);
  const socket = await source.connect();
  socket.write("before\n");
  await source.until(() => source.texts.length === 1, "the first record");
  socket.once("end", () => socket.end("on its way\n"));
  socket.resume();
  source.ctx.end();
  await source.ended;
  expect(source.texts).toEqual(["before", "on its way"]);
});

test("does not wait long for clients that are silent, and not beyond drain_timeout for those that go on", async () => {
  const source = await RunningSource.start(tcpSource, { drain_timeout: "2s" });
  const [silent, talker] = [await source.connect(), await source.connect()];
  silent.resume();
  talker.resume();
  const talking = setInterval(() => talker.write("more\n"), 20);
  silent.write("unfinished");
  await source.until(() => source.texts.length > 3, "some records");
  const before = performance.now();
  source.ctx.end();
  await source.ended;
  clearInterval(talking);
  talker.destroy();
  silent.destroy();
  expect(performance.now() - before).toBeLessThan(30_000);
  expect(source.ctx.records.filter(({ text }) => text === "unfinished").map(({ tags }) => tags)).toEqual([
    ["_incomplete"],
  ]);
});

test("refuses more connections than it may have, but not because of clients that do nothing", async () => {
  await using source = await RunningSource.start(tcpSource, { max_connections: 2 });
  const [one] = [await source.connect(), await source.connect()];
  one.write("a\n");
  await source.until(() => source.texts.length === 1, "the record");
  const third = await source.connect().catch(() => undefined);
  if (third) await new Promise((resolve) => third.resume().once("close", resolve));
  await source.until(
    () => source.log.entries.some(({ message }) => /refused a connection/.test(message)),
    "the warning",
  );
  one.write("b\n");
  await source.until(() => source.texts.length === 2, "the other record");
});

test("closes idle connections only when told to", async () => {
  await using source = await RunningSource.start(tcpSource, { idle_timeout: "300ms" });
  const socket = await source.connect();
  socket.write("a\n");
  await new Promise((resolve) => socket.resume().once("end", resolve));
  socket.destroy();
  expect(source.texts).toEqual(["a"]);
});

test("lines that never end use up no more than the buffer, and nobody waits for them", async () => {
  await using source = await RunningSource.start(tcpSource, { buffer: "2MiB" });
  const hostile = await Promise.all(Array.from({ length: 20 }, () => source.connect()));
  for (const socket of hostile) socket.write("x".repeat(700 * KIB));
  const good = await source.connect();
  good.write("good\n");
  await source.until(() => source.texts.includes("good"), "the good record");
  await source.until(() => source.ctx.records.length > 5, "some of the endless ones");
  for (const { text, tags } of source.ctx.records) expect(tags).toEqual(text === "good" ? [] : ["_line_cut"]);
  for (const socket of hostile) socket.destroy();
});

test("says why it cannot listen, and what to do", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as { port: number };
  const source = createSource(tcpSource, { address: `127.0.0.1:${port}` });
  const ctx = new FakeSourceContext();
  await expect(source.run(ctx)).rejects.toMatchObject({
    code: "SLUICE_SOURCE",
    hint: expect.stringContaining("another"),
  });
  await expect(source.check?.(new AbortController().signal)).rejects.toMatchObject({ code: "SLUICE_SOURCE" });
  taken.close();
});

test.each(["", "127.0.0.1", "127.0.0.1:99999", "udp://127.0.0.1:1", "[::1:5"])("refuses the address %j", (address) => {
  expect(tcpSource.options.safeParse({ address }).success).toBe(false);
});

test.each(["127.0.0.1:1", ":514", "tcp://[::1]:514", "localhost:514"])("takes the address %j", (address) => {
  expect(tcpSource.options.safeParse({ address }).success).toBe(true);
});
