import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { deflateSync, gzipSync } from "node:zlib";
import type { Event } from "@sluice/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readGelf } from "../src/gelf/message.ts";
import { gelfSource } from "../src/index.ts";
import { RunningSource, sendAll } from "./harness.ts";

/** The events of a source so far, as the program would make them. */
function eventsOf({ ctx }: RunningSource): Event[] {
  return ctx.batches.flatMap(({ data, framing, stream }) => {
    if (framing.kind !== "records") throw new Error("GELF comes as records");
    return Array.from(framing.starts, (start, i) => ({
      message: Buffer.from(data).toString("utf8", start, framing.ends[i]),
      ...stream.fields,
      ...framing.extra?.[i],
    }));
  });
}

function chunksOf(payload: Buffer, size: number, id = Buffer.alloc(8, 7)): Buffer[] {
  const total = Math.ceil(payload.length / size);
  return Array.from({ length: total }, (_, i) =>
    Buffer.concat([Buffer.from([0x1e, 0x0f]), id, Buffer.from([i, total]), payload.subarray(i * size, (i + 1) * size)]),
  );
}

test("takes what Docker's gelf driver sends over TCP, as ECS fields that leave under their old names", async () => {
  await using source = await RunningSource.start(gelfSource, { address: "tcp://127.0.0.1:0" });
  await sendAll(await source.connect(), await readFile(new URL("./docker-28-gelf-tcp.bin", import.meta.url)));
  await source.until(() => source.texts.length === 7, "seven messages");
  const events = eventsOf(source);
  expect(events[0]).toMatchObject({
    "@timestamp": "2026-11-20T18:01:17.173Z",
    message: "out1",
    "host.name": "vm",
    "log.level": "informational",
    "log.syslog.severity.code": 6,
    "container.name": "g1",
    "container.id": "29048dcc0fd0e3c9ea5f3f2f06cd6dcdf8309b79d2811499db04c17ca36adb2b",
    "container.image.name": "busybox:local",
    image_name: "busybox:local",
    created: "2026-11-20T18:01:17.09120622Z",
    tag: "g1/29048dcc0fd0",
    team: "ops",
    X: "1",
  });
  expect(source.texts).toContain("last");
  expect(events[1]).toMatchObject({ message: "err1", "log.level": "error" });
  expect(events[0]?.["command"]).toMatch(/^\/bin\/sh/);
});

test("takes datagrams: plain, gzip, zlib, and chunks in any order", async () => {
  await using source = await RunningSource.start(gelfSource, { address: "udp://127.0.0.1:0" });
  const client = createSocket("udp4");
  const json = (text: string) => Buffer.from(JSON.stringify({ version: "1.1", host: "h", short_message: text }));
  const long = Buffer.from(JSON.stringify({ short_message: "long", _data: "x".repeat(9000) }));
  const datagrams = [
    json("plain"),
    gzipSync(json("gzip")),
    deflateSync(json("zlib")),
    ...chunksOf(long, 1420).toReversed(),
    ...chunksOf(gzipSync(json("small")), 20, Buffer.alloc(8, 9)),
    Buffer.from("no json"),
  ];
  for (const datagram of datagrams) client.send(datagram, source.port, "127.0.0.1");
  await source.until(() => source.texts.length === 6, "six messages");
  expect(source.texts.toSorted()).toEqual(["gzip", "long", "no json", "plain", "small", "zlib"]);
  const events = eventsOf(source);
  expect(events.find(({ message }) => message === "long")?.["data"]).toHaveLength(9000);
  expect(events.find(({ message }) => message === "no json")?.["tags"]).toEqual(["_parse_failure"]);
  expect(events.every((event) => event["log.source.address"] === `127.0.0.1:${client.address().port}`)).toBe(true);
  client.close();
});

test("counts messages of which chunks are missing", async () => {
  const options = { address: "udp://127.0.0.1:0", chunk_timeout: "200ms" };
  await using source = await RunningSource.start(gelfSource, options);
  const client = createSocket("udp4");
  const json = Buffer.from(JSON.stringify({ short_message: "a".repeat(100) }));
  client.send(chunksOf(json, 50)[0] as Buffer, source.port, "127.0.0.1");
  client.send(Buffer.from([0x1e, 0x0f, 1, 2]), source.port, "127.0.0.1");
  await source.until(() => source.ctx.losses["gelf_chunks_incomplete"] === 2, "the count");
  client.close();
});

test("takes messages by POST, one or one a line, and says 202 when the pipeline has them", async () => {
  let open: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const options = { address: "http://127.0.0.1:0", max_message_bytes: "1KiB" };
  await using source = await RunningSource.start(gelfSource, options, { gate: () => gate });
  const url = `http://127.0.0.1:${source.port}`;
  const post = async (body: Buffer | string, path = "/gelf") =>
    (await fetch(url + path, { method: "POST", body: new Uint8Array(Buffer.from(body)) })).status;
  let answered = false;
  const first = post('{"short_message":"a"}').finally(() => (answered = true));
  await sleep(200);
  expect(answered).toBe(false);
  open?.();
  expect(await first).toBe(202);
  expect(await post(gzipSync('{"short_message":"b"}'))).toBe(202);
  expect(await post('{"short_message":"c"}\n{"short_message":"d"}\r\n\n')).toBe(202);
  expect(await post('{\n"short_message":"e"\n}')).toBe(202);
  expect(await post("{}", "/other")).toBe(404);
  expect(await post("")).toBe(400);
  expect(await post("x".repeat(2000)).catch(() => 413)).toBe(413);
  expect((await fetch(`${url}/gelf`)).status).toBe(405);
  expect((await fetch(`${url}/gelf`, { method: "OPTIONS" })).status).toBe(204);
  expect(source.texts).toEqual(["a", "b", "c", "d", "e"]);
});

test("tells clients to come again when the buffer is full", async () => {
  const options = { address: "http://127.0.0.1:0", buffer: "1MiB", drain_timeout: "0s" };
  const source = await RunningSource.start(gelfSource, options, { gate: () => new Promise(() => {}) });
  const body = JSON.stringify({ short_message: "x".repeat(400_000) });
  const post = () => fetch(`http://127.0.0.1:${source.port}/gelf`, { method: "POST", body });
  const waiting = Array.from({ length: 4 }, () => post().catch(() => undefined));
  const refused = await Promise.race(waiting.map(async (answer) => (await answer) ?? new Promise<never>(() => {})));
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
  source.ctx.end();
  await source.ended;
  await Promise.all(waiting);
});

test("keeps frames that are no GELF, are cut or were broken off, each with its tag", async () => {
  const options = { address: "tcp://127.0.0.1:0", max_message_bytes: "64B" };
  await using source = await RunningSource.start(gelfSource, options);
  const frames = [
    "garbage",
    '{"host":"x"}',
    "[1]",
    `{"short_message":"${"y".repeat(80)}"}`,
    "\n",
    '{"short_message":"ok"}',
  ];
  await sendAll(await source.connect(), frames.join("\0\n"));
  await source.until(() => source.texts.length === 5, "five records");
  const tags = eventsOf(source).map((event, i) => [source.texts[i]?.trim().slice(0, 12), event["tags"]]);
  expect(tags).toEqual([
    ["garbage", ["_parse_failure"]],
    ['{"host":"x"}', ["_gelf_invalid"]],
    ["[1]", ["_parse_failure"]],
    ['{"short_mess', ["_line_cut"]],
    ["ok", undefined],
  ]);
});

test("a message that unfolds to more than it may stays as it came", async () => {
  const options = { address: "udp://127.0.0.1:0", max_unpacked_bytes: "1MiB" };
  await using source = await RunningSource.start(gelfSource, options);
  const client = createSocket("udp4");
  const bomb = gzipSync(JSON.stringify({ short_message: "x".repeat(2_000_000) }));
  client.send(bomb, source.port, "127.0.0.1");
  await source.until(() => source.texts.length === 1, "the record");
  expect(eventsOf(source)[0]?.["tags"]).toEqual(["_parse_failure"]);
  client.close();
});

test.each([
  ["short only", { short_message: "s" }, { text: "s" }],
  ["the full text holds the short", { short_message: "s", full_message: "s\nrest" }, { text: "s\nrest" }],
  ["both differ", { short_message: "s", full_message: "trace" }, { text: "s\ntrace" }],
  ["full only", { full_message: "f" }, { text: "f" }],
  ["a number for a text", { short_message: 5 }, { text: "5" }],
])("text: %s", (_name, message, expected) => {
  expect(readGelf(message)).toMatchObject(expected);
});

test("reads times, levels and fields, and lets nobody set sluice's own", () => {
  const { fields } = readGelf({
    short_message: "s",
    timestamp: "1795197540.336123",
    level: "3",
    _event_id: "file-1a2b-0",
    _message: "m",
    "_@timestamp": "1970-01-01T00:00:00Z",
    _tags: "a, b",
    _empty: null,
    _nested: { a: 1 },
    ___proto__: "p",
    facility: "web",
    _request_time: 0.25,
  }) as { fields: Event };
  expect(fields).toMatchObject({
    "@timestamp": "2026-11-20T17:59:00.336123Z",
    "log.level": "error",
    "event.id": "file-1a2b-0",
    field_message: "m",
    "field_@timestamp": "1970-01-01T00:00:00Z",
    tags: ["a, b"],
    nested: { a: 1 },
    facility: "web",
    request_time: 0.25,
  });
  expect(Object.hasOwn(fields, "__proto__")).toBe(true);
  expect("empty" in fields).toBe(false);
  expect(readGelf({ short_message: "s", _event_id: "bad id\n" })?.fields).toEqual({ field_event_id: "bad id\n" });
  expect(readGelf({ short_message: "s", level: 9, timestamp: -1 })?.fields).toEqual({ level: 9 });
  expect(readGelf({ short_message: " ", host: "x" })).toBeNull();
});

test("never throws, whatever the message is", () => {
  fc.assert(
    fc.property(
      fc.object({ withNullPrototype: true, maxDepth: 3 }),
      fc.anything(),
      fc.anything(),
      (object, time, level) => {
        const message = JSON.parse(
          JSON.stringify({ short_message: "x", ...object, timestamp: time, level: level ?? null }) ?? "{}",
        );
        expect(typeof readGelf(message)?.text === "string" || readGelf(message) === null).toBe(true);
      },
    ),
  );
});

test("random bytes over TCP and UDP become records, and nothing breaks", async () => {
  await using tcp = await RunningSource.start(gelfSource, { address: "tcp://127.0.0.1:0" });
  await using udp = await RunningSource.start(gelfSource, { address: "udp://127.0.0.1:0" });
  const client = createSocket("udp4");
  const samples = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 300 }), 100).map((bytes) => Buffer.from(bytes));
  for (const bytes of samples) {
    client.send(bytes, udp.port, "127.0.0.1");
    const socket = createConnection({ host: "127.0.0.1", port: tcp.port });
    await sendAll(socket, bytes);
  }
  client.send('{"short_message":"good"}', udp.port, "127.0.0.1");
  await udp.until(() => udp.texts.includes("good"), "the good one over UDP");
  await sendAll(await tcp.connect(), '{"short_message":"good"}');
  await tcp.until(() => tcp.texts.includes("good"), "the good one over TCP");
  client.close();
});
