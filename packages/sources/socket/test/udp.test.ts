import { createSocket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { udpSource } from "../src/index.ts";
import { RunningSource } from "./harness.ts";

async function sender() {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

const send = (socket: Awaited<ReturnType<typeof sender>>, data: string | Buffer, port: number): Promise<void> =>
  new Promise((resolve, reject) =>
    socket.send(data, port, "127.0.0.1", (error) => (error ? reject(error) : resolve())),
  );

test("takes each datagram as one record, without the line end", async () => {
  await using source = await RunningSource.start(udpSource);
  const client = await sender();
  for (const text of ["<1>a\n", "b\nc\r\n", "", "d\0", "\n\n"]) await send(client, text, source.port);
  await source.until(() => source.texts.length === 5, "the records");
  expect(source.texts).toEqual(["<1>a", "b\nc", "", "d", "\n"]);
  const { fields } = (source.ctx.batches[0] as (typeof source.ctx.batches)[0]).stream;
  expect(fields).toEqual({ "network.transport": "udp", "log.source.address": `127.0.0.1:${client.address().port}` });
  client.close();
});

test("says of each record whom it is from where several send at once", async () => {
  let open: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  await using source = await RunningSource.start(udpSource, {}, { gate: () => gate });
  const clients = [await sender(), await sender()];
  for (let i = 0; i < 6; i++) await send(clients[i % 2] as (typeof clients)[0], `${i % 2}`, source.port);
  await sleep(300);
  open?.();
  await source.until(() => source.texts.length === 6, "the records");
  const seen = source.ctx.batches.flatMap(({ framing, stream }) => {
    if (framing.kind === "lines") return [stream.fields["log.source.address"]];
    return Array.from(framing.starts, (_, i) => (framing.extra?.[i] ?? stream.fields)["log.source.address"]);
  });
  expect(new Set(seen)).toEqual(new Set(clients.map((client) => `127.0.0.1:${client.address().port}`)));
  expect(new Set(source.ctx.records.map(({ eventId }) => eventId)).size).toBe(6);
  for (const client of clients) client.close();
});

test("counts exactly what a full buffer and a full kernel cost", { timeout: 60_000 }, async () => {
  let open: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const options = { buffer: "64KiB", receive_buffer: "64KiB" };
  await using source = await RunningSource.start(udpSource, options, { gate: () => gate });
  const client = await sender();
  let sent = 0;
  for (let burst = 0; burst < 20; burst++) {
    // Many at once, so that the event loop does not get to read them in between.
    const burstDone: Promise<void>[] = [];
    for (let i = 0; i < 500; i++) burstDone.push(send(client, `datagram ${sent++} ${"x".repeat(200)}`, source.port));
    await Promise.all(burstDone);
    await sleep(1);
  }
  await sleep(200);
  open?.();
  source.ctx.end();
  await source.ended;
  const { udp_buffer_full: ours = 0, udp_kernel_buffer_full: kernels = 0 } = source.ctx.losses;
  expect(source.texts.length + ours + kernels).toBe(sent);
  expect(ours).toBeGreaterThan(0);
  expect(kernels).toBeGreaterThan(0);
  client.close();
});

test("reads what the kernel holds when it stops", async () => {
  const source = await RunningSource.start(udpSource);
  const client = await sender();
  for (let i = 0; i < 500; i++) await send(client, `${i}`, source.port);
  source.ctx.end();
  await source.ended;
  expect(source.texts).toEqual(Array.from({ length: 500 }, (_, i) => `${i}`));
  client.close();
});
