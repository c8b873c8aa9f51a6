import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Graylog, startTcpProxy } from "@sluice/testkit";
import { FrameSplitter } from "@sluice/wire";
import { afterEach, expect, test, vi } from "vitest";
import { batchOf, deliver, missing, startSink, warningLog } from "./harness.ts";

const ROTATE = { bytes: "256KiB", age: "200ms" };
const never = (): AbortSignal => new AbortController().signal;
const cleanups: (() => Promise<unknown> | undefined)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function graylog(...args: Parameters<typeof Graylog.start>): Promise<Graylog> {
  const server = await Graylog.start(...args);
  cleanups.push(() => server.stop());
  return server;
}

async function sinkTo(options: object, ...rest: [ReturnType<typeof warningLog>["log"]?]): ReturnType<typeof startSink> {
  const sink = await startSink({ rotate: ROTATE, ...options }, ...rest);
  cleanups.push(() => sink.close?.());
  return sink;
}

const batches = (count: number, size = 200) => Array.from({ length: count }, (_, i) => batchOf(i * size, size));

test("delivers everything once, in order, over alternating connections", async () => {
  const server = await graylog();
  const sink = await sinkTo({ address: server.address });
  expect(await deliver(sink, batches(100))).toBe(100);
  const ids = (await server.accepted()).map((message) => message["_event_id"]);
  expect(ids).toEqual(Array.from({ length: 20_000 }, (_, i) => `id-${i}`));
  expect(await server.rejected()).toEqual([]);
  expect(await server.connections()).toBeGreaterThan(5);
});

test("a write resolves only after the receiver has answered the close", async () => {
  const server = await graylog();
  const sink = await sinkTo({ address: server.address, rotate: { age: "1h", bytes: "1GiB" } });
  let settled = false;
  const write = sink.write(batchOf(0, 10), never())?.then(() => (settled = true));
  await vi.waitFor(async () => expect(await server.accepted()).toHaveLength(10), { timeout: 20_000 });
  expect(settled).toBe(false);
  await sink.drain?.();
  await write;
  expect(settled).toBe(true);
});

test("an idle pipeline's last messages are confirmed by age", async () => {
  const server = await graylog();
  const sink = await sinkTo({ address: server.address });
  await sink.write(batchOf(0, 1), never());
  expect(await server.accepted()).toHaveLength(1);
});

test("nothing is lost and nothing confirmed too early when the receiver is killed 20 times under load", async () => {
  const server = await graylog();
  const sink = await sinkTo({ address: server.address });
  const confirmed: number[] = [];
  let lost: number[] = [];
  const all = batches(400);
  const end = new AbortController();
  const chaos = (async () => {
    for (let kills = 0; kills < 20 && !end.signal.aborted; kills++) {
      const goal = confirmed.length + 5;
      await vi.waitFor(() => expect(end.signal.aborted || confirmed.length >= goal).toBe(true), {
        timeout: 30_000,
        interval: 3,
      });
      await server.kill();
      const before = [...confirmed];
      const seen = new Set((await server.accepted()).map((message) => message["_event_id"]));
      lost = [...lost, ...before.filter((index) => !seen.has(`id-${index * 200 + 199}`))];
      await server.restart();
    }
  })();
  const queue = all.map((batch, index) => ({ batch, index }));
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let item = queue.shift(); item; item = queue.shift()) {
        const { index } = item;
        await deliver(sink, [item.batch], 1);
        confirmed.push(index);
      }
    }),
  );
  end.abort();
  await chaos;
  expect(lost).toEqual([]);
  expect(missing(await server.accepted(), 80_000)).toEqual([]);
}, 300_000);

test.each(["reset", "fin"] as const)(
  "sends again what a proxy cut off in the middle of a frame (%s)",
  async (cutWith) => {
    const server = await graylog();
    const proxy = await startTcpProxy(server.port);
    cleanups.push(() => proxy.close());
    Object.assign(proxy.faults, { cutAfter: 10_001, cutWith });
    // No close of our own before the cut: a proxy that swallows bytes and then answers a close cleanly cannot be noticed.
    const sink = await sinkTo({ address: `tcp://127.0.0.1:${proxy.port}`, rotate: { bytes: "1GiB", age: "1h" } });
    const delivery = deliver(sink, batches(20, 10), 20);
    await vi.waitFor(async () => expect((await server.accepted()).length).toBeGreaterThan(20), { timeout: 20_000 });
    proxy.faults.cutAfter = Infinity;
    const drains = setInterval(() => void sink.drain?.(), 50);
    expect(await delivery.finally(() => clearInterval(drains))).toBeGreaterThan(20);
    expect(missing(await server.accepted(), 200)).toEqual([]);
  },
);

test("a receiver that resets connections gets everything once it is well again", async () => {
  const server = await graylog({ fault: "reset" });
  const sink = await sinkTo({ address: server.address });
  const delivery = deliver(sink, batches(10));
  await vi.waitFor(async () => expect(await server.connections()).toBeGreaterThan(5), { timeout: 20_000 });
  await server.setFault("none");
  await delivery;
  expect(missing(await server.accepted(), 2000)).toEqual([]);
});

test("waits for a receiver that pauses, and repeats nothing", async () => {
  const server = await graylog();
  const sink = await sinkTo({ address: server.address, confirm_timeout: "3s" });
  await deliver(sink, batches(5));
  await server.setFault("hang");
  const delivery = deliver(sink, batches(20));
  await new Promise((resolve) => setTimeout(resolve, 5000));
  await server.setFault("none");
  expect(await delivery).toBe(20);
  expect(await server.accepted()).toHaveLength(5000);
});

test("gives up a receiver that reads nothing for longer than stall_timeout", async () => {
  const server = await graylog();
  const sink = await sinkTo({ address: server.address, stall_timeout: "500ms" });
  await deliver(sink, batches(1));
  await server.setFault("hang");
  await expect(sink.write(batchOf(200, 10), never())).rejects.toMatchObject({ code: "SLUICE_UNCONFIRMED" });
  await server.setFault("none");
  await deliver(sink, [batchOf(200, 10)]);
  expect(missing(await server.accepted(), 210)).toEqual([]);
});

test("a slow receiver gets everything once", async () => {
  const server = await graylog({ fault: "slow" });
  const sink = await sinkTo({ address: server.address });
  expect(await deliver(sink, batches(30))).toBe(30);
  expect(await server.accepted()).toHaveLength(6000);
});

test("refused connections reject with the address and a hint", async () => {
  const server = await graylog();
  await server.kill();
  const sink = await sinkTo({ address: server.address });
  await expect(sink.write(batchOf(0, 1), never())).rejects.toMatchObject({
    code: "SLUICE_UNREACHABLE",
    message: expect.stringContaining(server.address),
    hint: expect.stringContaining("running"),
  });
  await expect(sink.check?.(never())).rejects.toMatchObject({ code: "SLUICE_UNREACHABLE" });
});

test("close rejects what is open, and an aborted write is given up", async () => {
  const server = await graylog({ fault: "hang" });
  const sink = await sinkTo({ address: server.address });
  const controller = new AbortController();
  const aborted = sink.write(batchOf(0, 1), controller.signal);
  const open = sink.write(batchOf(1, 1), never());
  controller.abort();
  await expect(aborted).rejects.toMatchObject({ code: "SLUICE_UNCONFIRMED" });
  await Promise.all([expect(open).rejects.toMatchObject({ code: "SLUICE_UNCONFIRMED" }), sink.close?.()]);
});

/** Like `nc -lk` on a terminal: serves one connection at a time, reads, and never closes its side. */
async function netcat(): Promise<{ port: number; ids: () => string[] }> {
  const frames: string[] = [];
  const waiting: Socket[] = [];
  let serving: Socket | undefined;
  const serveNext = (): void => {
    serving = waiting.shift();
    if (!serving) return;
    const splitter = new FrameSplitter(0, 1e7, (some) => void frames.push(...some.map((frame) => frame.toString())));
    const current = serving;
    serving.on("data", (chunk: Buffer) => void splitter.push(chunk)).resume();
    // Node notices a RST after the peer's FIN only when it writes; nc polls for it.
    const poll = setInterval(() => current.write("\n"), 50);
    serving.on("close", () => clearInterval(poll));
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    socket.on("error", () => {});
    socket.on("close", () => {
      if (socket === serving) serveNext();
      else waiting.splice(waiting.indexOf(socket), 1);
    });
    waiting.push(socket);
    if (!serving) serveNext();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(async () => {
    for (const socket of [serving, ...waiting]) socket?.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    ids: () => frames.map((frame) => (JSON.parse(frame) as { _event_id: string })._event_id),
  };
}

test("auto: a receiver that never answers a close is named once and gets everything once", async () => {
  const receiver = await netcat();
  const { log, warnings } = warningLog();
  const sink = await sinkTo({ address: `tcp://127.0.0.1:${receiver.port}`, confirm_timeout: "500ms" }, log);
  expect(await deliver(sink, batches(50))).toBe(50);
  await sink.drain?.();
  await vi.waitFor(() => expect(receiver.ids()).toHaveLength(10_000), { timeout: 20_000 });
  expect(receiver.ids()).toEqual(Array.from({ length: 10_000 }, (_, i) => `id-${i}`));
  expect(warnings).toEqual([expect.stringContaining("never answers the close")]);
});

test("auto: confirms again after a reconnect to a receiver that answers", async () => {
  const server = await graylog({ fault: "ignore-fin" });
  const { log, warnings } = warningLog();
  const sink = await sinkTo({ address: server.address, confirm_timeout: "3s" }, log);
  await deliver(sink, batches(2));
  expect(warnings).toHaveLength(1);
  await server.restart();
  await deliver(sink, batches(20));
  await server.setFault("hang");
  const write = sink.write(batchOf(4000, 1), never());
  expect(await Promise.race([write, new Promise((resolve) => setTimeout(resolve, 1000, "open"))])).toBe("open");
  await server.setFault("none");
  await write;
  expect(missing(await server.accepted(), 4001)).toEqual([]);
});

test("required: refuses a receiver that never answers, and floods it with no repeats", async () => {
  const server = await graylog({ fault: "ignore-fin" });
  const sink = await sinkTo({ address: server.address, confirm: "required", confirm_timeout: "200ms" });
  for (let attempt = 0; attempt < 4; attempt++) {
    await expect(sink.write(batchOf(0, 10), never())).rejects.toMatchObject({
      code: "SLUICE_UNCONFIRMED",
      hint: expect.stringContaining("required"),
    });
  }
  expect(await server.accepted()).toHaveLength(10);
  await server.setFault("none");
  await deliver(sink, [batchOf(0, 10)]);
  expect(await server.accepted()).toHaveLength(20);
});

test("off: a write resolves once written, over one connection", async () => {
  const server = await graylog({ fault: "ignore-fin" });
  const { log, warnings } = warningLog();
  const sink = await sinkTo({ address: server.address, confirm: "off" }, log);
  await deliver(sink, batches(50));
  await sink.drain?.();
  await vi.waitFor(async () => expect(await server.accepted()).toHaveLength(10_000), { timeout: 20_000 });
  expect(await server.connections()).toBe(1);
  expect(warnings).toEqual([]);
});
