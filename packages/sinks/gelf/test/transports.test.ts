import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ReceivedMessage, type Receiver, startReceiver } from "@sluice/receiver";
import { Graylog } from "@sluice/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { gelfSink } from "../src/index.ts";
import { chunk } from "../src/udp/chunks.ts";
import { batchOf, context, deliver, startSink, warningLog } from "./harness.ts";

const never = (): AbortSignal => new AbortController().signal;
const cleanups: (() => Promise<unknown> | undefined)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function sinkTo(options: object, warn?: (message: string) => void): ReturnType<typeof startSink> {
  const sink = await startSink(options, warningLog().log, warn);
  cleanups.push(() => sink.close?.());
  return sink;
}

async function receive(listen: string): Promise<{ receiver: Receiver; messages: ReceivedMessage[] }> {
  const messages: ReceivedMessage[] = [];
  const receiver = await startReceiver({ kind: "gelf", listen, onMessages: (batch) => messages.push(...batch) });
  cleanups.push(() => receiver.close());
  return { receiver, messages };
}

describe("tls", () => {
  let dir: string;
  let tls: { cert: string; key: string };

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "sluice-tls-"));
    const openssl = (...args: string[]) => execFileSync("env", ["openssl", ...args], { cwd: dir, stdio: "pipe" });
    const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl("req", "-x509", ...ec, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "2");
    openssl("req", ...ec, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=graylog.test");
    const ca = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2"];
    openssl("x509", "-req", "-in", "server.csr", ...ca, "-out", "server.pem", "-extfile", writeExtensions(dir));
    tls = { cert: readFileSync(join(dir, "server.pem"), "utf8"), key: readFileSync(join(dir, "server.key"), "utf8") };
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  async function graylog(): Promise<Graylog> {
    const server = await Graylog.start({ tls });
    cleanups.push(() => server.stop());
    return server;
  }

  test("delivers, confirmed, to a server whose authority and name are trusted", async () => {
    const server = await graylog();
    const trust = { ca: join(dir, "ca.pem"), server_name: "graylog.test" };
    const sink = await sinkTo({ address: server.address, tls: trust, rotate: { bytes: "128KiB", age: "100ms" } });
    await expect(sink.check?.(never())).resolves.toBeUndefined();
    const batches = Array.from({ length: 30 }, (_, i) => batchOf(i * 200, 200));
    expect(await deliver(sink, batches)).toBe(30);
    expect((await server.accepted()).map((message) => message["_event_id"])).toEqual(
      Array.from({ length: 6000 }, (_, i) => `id-${i}`),
    );
    expect(await server.connections()).toBeGreaterThan(5);
  });

  test.each([
    [{}, "tls.ca"],
    [{ ca: "ca.pem", server_name: "other.test" }, "tls.server_name"],
  ])("refuses a certificate that %j does not trust, and says what to do", async (trust: { ca?: string }, hint) => {
    const server = await graylog();
    const ca = trust.ca === undefined ? {} : { ca: join(dir, trust.ca) };
    const sink = await sinkTo({ address: server.address, tls: { ...trust, ...ca } });
    await expect(sink.write(batchOf(0, 1), never())).rejects.toMatchObject({
      code: "SLUICE_UNREACHABLE",
      hint: expect.stringContaining(hint),
    });
  });

  test("verify: false delivers, and is warned about", async () => {
    const server = await graylog();
    const warn = vi.fn<(message: string) => void>();
    const sink = await sinkTo({ address: server.address, tls: { verify: false }, rotate: { age: "100ms" } }, warn);
    await sink.write(batchOf(0, 1), never());
    expect(await server.accepted()).toHaveLength(1);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("not verified"));
  });

  function writeExtensions(directory: string): string {
    execFileSync("sh", ["-c", "echo subjectAltName=DNS:graylog.test > extensions"], { cwd: directory });
    return "extensions";
  }
});

describe("udp", () => {
  test.each(["gzip", "zlib", "none"])("delivers with compression %s", async (compression) => {
    const { receiver, messages } = await receive("udp://127.0.0.1:0");
    const sink = await sinkTo({ address: receiver.address, compression, chunk_size: "200B" });
    await sink.write(batchOf(0, 50, receiver.address), never());
    await vi.waitFor(() => expect(messages).toHaveLength(50), { timeout: 20_000 });
    expect(new Set(messages.map((message) => message["_event_id"])).size).toBe(50);
    expect(receiver.counts.invalid).toBe(0);
  });

  test("rejects a message of more than 128 chunks and sends the others", async () => {
    const { receiver, messages } = await receive("udp://127.0.0.1:0");
    const sink = await sinkTo({ address: receiver.address, chunk_size: "64B" });
    const [small, bytes] = [batchOf(0, 1, receiver.address).bytes, new Uint8Array(10_000).fill(0x78)];
    const all = new Uint8Array([...bytes, ...small]);
    const result = await sink.write({ bytes: all, ends: Uint32Array.of(bytes.length, all.length) }, never());
    expect(result?.rejected).toEqual([{ frame: 0, reason: expect.stringContaining("128 chunks") }]);
    await vi.waitFor(() => expect(messages).toHaveLength(1), { timeout: 20_000 });
  });

  test("a message of exactly the chunk size is one datagram, one more byte makes two", () => {
    const sizes = (bytes: number) => chunk(new Uint8Array(bytes), 1420)?.map((datagram) => datagram.length);
    expect(sizes(1420)).toEqual([1420]);
    expect(sizes(1421)).toEqual([1420, 25]);
    expect(sizes(2 * 1408)).toEqual([1420, 1420]);
    expect(sizes(128 * 1408)).toHaveLength(128);
    expect(sizes(128 * 1408 + 1)).toBeUndefined();
  });
});

describe("http", () => {
  async function serve(answer: RequestListener): Promise<string> {
    const server: Server = createServer(answer).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    cleanups.push(async () => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/gelf`;
  }

  test.each(["gzip", "zlib", "none"])("posts each message with compression %s", async (compression) => {
    const { receiver, messages } = await receive("http://127.0.0.1:0/gelf");
    const sink = await sinkTo({ address: receiver.address, compression });
    await sink.check?.(never());
    await sink.write(batchOf(0, 100, receiver.address), never());
    expect(messages).toHaveLength(100);
    expect(receiver.counts.connections).toBeLessThan(12);
  });

  test("rejects single messages that the server will never take", async () => {
    let requests = 0;
    const address = await serve((request, response) => {
      requests++;
      request.resume().on("end", () => response.writeHead(requests === 2 ? 400 : 202).end());
    });
    const sink = await sinkTo({ address, concurrency: 1, headers: { authorization: "secret" } });
    const result = await sink.write(batchOf(0, 3, address), never());
    expect(result?.rejected).toEqual([{ frame: 1, reason: "the receiver answered 400" }]);
  });

  test.each([500, 503, 429, 401, 404])("offers everything again after %i", async (status) => {
    let broken = true;
    const address = await serve((request, response) => {
      request.resume().on("end", () => response.writeHead(broken ? status : 202).end());
    });
    const sink = await sinkTo({ address });
    await expect(sink.write(batchOf(0, 20, address), never())).rejects.toMatchObject({
      code: "SLUICE_UNREACHABLE",
      message: expect.stringContaining(String(status)),
    });
    broken = false;
    await expect(sink.write(batchOf(0, 20, address), never())).resolves.toEqual({ rejected: [] });
  });

  test("gives up on a server that does not answer, and at the deadline", async () => {
    const address = await serve(() => {});
    const slow = await sinkTo({ address, stall_timeout: "300ms" });
    await expect(slow.write(batchOf(0, 1, address), never())).rejects.toMatchObject({ code: "SLUICE_UNREACHABLE" });
    const patient = await sinkTo({ address });
    await expect(patient.write(batchOf(0, 1, address), AbortSignal.timeout(100))).rejects.toThrow();
  });
});

test.each(["graylog:12201", "tcp://graylog", "ftp://graylog:1", "udp://:12201"])(
  "refuses the address %s",
  (address) => {
    const parsed = gelfSink.options.safeParse({ address });
    expect(() => gelfSink.create(gelfSink.options.parse({ address }), context)).toThrow();
    if (!parsed.success) expect(parsed.error.issues[0]?.path).toEqual(["address"]);
  },
);
