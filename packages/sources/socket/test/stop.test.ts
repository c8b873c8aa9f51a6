import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { tcpSource } from "../src/index.ts";
import { Parting } from "../src/parting.ts";
import { RunningSource } from "./harness.ts";

const LINE = `${"x".repeat(99)}\n`;
const BLOCK = LINE.repeat(640);
/** Of a client that closes when it finds our FIN; more than a connection may have in memory. */
const BLOCKS = 20;

/** Sends the blocks, and ends when the other side has ended. */
async function sendBlocks(socket: Socket): Promise<void> {
  socket.once("end", () => socket.end());
  for (let block = 0; block < BLOCKS; block++) socket.write(BLOCK);
  await once(socket.resume(), "close");
}

test("reads what clients have sent to its end, however long the pipeline takes for it", async () => {
  const slow = () => sleep(150);
  const source = await RunningSource.start(
    tcpSource,
    { drain_timeout: "500ms", connection_buffer: "64KiB" },
    { gate: slow },
  );
  const sent = sendBlocks(await source.connect());
  await source.until(() => source.texts.length > 0, "the first records");
  const began = performance.now();
  source.ctx.end();
  await source.ended;
  await sent;
  expect(source.ctx.records.length).toBe(BLOCKS * 640);
  // Otherwise the pipeline was not slow enough to show anything.
  expect(performance.now() - began).toBeGreaterThan(1000);
  expect(source.log.entries.filter(({ message }) => /went on sending/.test(message))).toEqual([]);
  expect(source.ctx.losses).toEqual({});
});

test("counts what it had read when the pipeline ends before it has taken it", async () => {
  let isOver = false;
  const gate = async () => {
    if (isOver) throw new Error("the drain deadline has passed");
  };
  const source = await RunningSource.start(tcpSource, {}, { gate });
  const socket = await source.connect();
  socket.write(LINE.repeat(3));
  await source.until(() => source.texts.length === 3, "the first records");
  isOver = true;
  socket.write(LINE.repeat(4));
  await expect(source.ended).rejects.toThrow("deadline");
  socket.destroy();
  expect(source.ctx.losses).toEqual({ given_up: 4 });
});

test("the time that a client has after the FIN does not pass while it is kept waiting", () => {
  const parting = new Parting(1000, true);
  expect(parting.isOver(9000, 500)).toBe(false);
  parting.resume(9000);
  expect(parting.isOver(9400, 500)).toBe(false);
  parting.pause(9400);
  parting.pause(9500);
  expect(parting.isOver(20_000, 500)).toBe(false);
  parting.resume(20_000);
  expect(parting.isOver(20_101, 500)).toBe(true);
});

test("a client that sends more than can have been on its way has not looked for the FIN", () => {
  const parting = new Parting(0, true);
  parting.read(17 * 1_048_576);
  expect(parting.isOver(400, 500)).toBe(false);
  expect(parting.isOver(600, 500)).toBe(true);
});
