import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import { afterEach, expect, test, vi } from "vitest";
import { type ReceivedMessage, type Receiver, startReceiver } from "../src/index.ts";

let receiver: Receiver | undefined;
let messages: ReceivedMessage[];

afterEach(async () => {
  await receiver?.close();
  receiver = undefined;
});

async function start(listen: string, kind: "gelf" | "lines" = "gelf"): Promise<URL> {
  messages = [];
  receiver = await startReceiver({ kind, listen, onMessages: (batch) => messages.push(...batch) });
  return new URL(receiver.address);
}

async function connectTo(url: URL): Promise<Socket> {
  const socket = createConnection({ host: url.hostname, port: Number(url.port) });
  await once(socket, "connect");
  return socket;
}

const arrived = (count: number): Promise<void> =>
  vi.waitFor(() => expect(messages.length).toBe(count), { timeout: 20_000 });

test("reads what Docker's gelf driver sends", async () => {
  const url = await start("tcp://127.0.0.1:0");
  const socket = await connectTo(url);
  socket.end(await readFile(new URL("./fixtures/docker-gelf-tcp.bin", import.meta.url)));
  await arrived(7);
  expect(messages[0]).toMatchObject({ short_message: "err1", level: 3, _container_name: "g1" });
  expect(messages[2]).toMatchObject({ short_message: 'a\tb "q" é' });
  expect(messages[3]).toMatchObject({ short_message: "bad\ufffdutf8" });
  expect(receiver?.counts).toMatchObject({ messages: 7, invalid: 0, connections: 1 });
});

test("answers a close with its own once it has handed on what came before", async () => {
  const socket = await connectTo(await start("tcp://127.0.0.1:0"));
  socket.resume().end('{"short_message":"a"}\0{"short_message":"b"}\0');
  await once(socket, "end");
  expect(messages).toHaveLength(2);
});

test("counts a frame that was cut off, and one that is no message", async () => {
  const socket = await connectTo(await start("tcp://127.0.0.1:0"));
  socket.resume().end('[1]\0\0{"short_mess');
  await once(socket, "end");
  expect(receiver?.counts).toMatchObject({ messages: 0, invalid: 3 });
});

test("closes a connection with a frame of more than 2 MiB", async () => {
  const socket = await connectTo(await start("tcp://127.0.0.1:0"));
  socket.on("error", () => {});
  socket.resume().write("x".repeat(2 * 1024 * 1024 + 1));
  await once(socket, "close");
  expect(receiver?.counts).toMatchObject({ messages: 0, oversize: 1 });
});

test("reads lines, with or without a newline at the end", async () => {
  const socket = await connectTo(await start("tcp://127.0.0.1:0", "lines"));
  socket.end("a\r\nb\n\nc");
  await arrived(4);
  expect(messages).toEqual([{ message: "a" }, { message: "b" }, { message: "" }, { message: "c" }]);
});

test("closes a connection whose line does not end, and reads characters that two chunks share", async () => {
  const url = await start("tcp://127.0.0.1:0", "lines");
  const socket = await connectTo(url);
  const bytes = Buffer.from("grün\n");
  socket.write(bytes.subarray(0, 3));
  await arrived(0);
  socket.write(bytes.subarray(3));
  await arrived(1);
  expect(messages).toEqual([{ message: "grün" }]);
  socket.on("error", () => {});
  socket.resume().write("x".repeat(2 * 1024 * 1024 + 1));
  await once(socket, "close");
  expect(receiver?.counts).toMatchObject({ messages: 1, oversize: 1 });
});

test("reads datagrams: plain, gzip, zlib and chunks in any order", async () => {
  const url = await start("udp://127.0.0.1:0");
  const json = Buffer.from(JSON.stringify({ short_message: "x", _data: randomBytes(3000).toString("hex") }));
  const packed = gzipSync(json);
  const id = randomBytes(8);
  const total = Math.ceil(packed.length / 1000);
  const chunks = Array.from({ length: total }, (_, i) =>
    Buffer.concat([Buffer.from([0x1e, 0x0f, ...id, i, total]), packed.subarray(i * 1000, (i + 1) * 1000)]),
  );
  const socket = createSocket("udp4");
  const datagrams = [json, packed, deflateSync(json, { level: 1 }), ...chunks.toReversed(), chunks[0] as Buffer];
  for (const datagram of datagrams) socket.send(datagram, Number(url.port), url.hostname);
  await arrived(4);
  expect(new Set(messages.map((message) => message["_data"])).size).toBe(1);
  socket.close();
});

test("takes one message a POST and says 202", async () => {
  const url = await start("http://127.0.0.1:0/gelf");
  const post = (path: string, body: Buffer | string) => fetch(new URL(path, url), { method: "POST", body });
  expect((await post("/gelf", '{"short_message":"a"}')).status).toBe(202);
  expect((await post("/gelf", gzipSync('{"short_message":"b"}'))).status).toBe(202);
  expect((await post("/other", "{}")).status).toBe(404);
  expect((await fetch(url)).status).toBe(405);
  expect((await post("/gelf", "x".repeat(3 * 1024 * 1024)).catch(() => ({ status: 413 }))).status).toBe(413);
  expect(messages.map((message) => message["short_message"])).toEqual(["a", "b"]);
});

test("hands on raw frames without parsing them when asked to", async () => {
  const frames: string[] = [];
  receiver = await startReceiver({
    kind: "gelf",
    listen: "tcp://127.0.0.1:0",
    onFrames: (some) => void frames.push(...some.map(String)),
  });
  (await connectTo(new URL(receiver.address))).end("not json\0{}\0");
  await vi.waitFor(() => expect(frames).toEqual(["not json", "{}"]), { timeout: 20_000 });
  expect(receiver.counts.messages).toBe(2);
});

test.each(["127.0.0.1:1", "ftp://x:1", "tcp://127.0.0.1", "tls://127.0.0.1:1"])(
  "refuses to listen on %s",
  async (listen) => {
    await expect(startReceiver({ kind: "gelf", listen })).rejects.toMatchObject({ code: "SLUICE_USAGE" });
  },
);
