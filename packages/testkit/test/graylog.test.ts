import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Graylog, GraylogCodec, startTcpProxy } from "../src/index.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function graylog(...args: Parameters<typeof Graylog.start>): Promise<Graylog> {
  const server = await Graylog.start(...args);
  cleanups.push(() => server.stop());
  return server;
}

async function connectTo(port: number): Promise<Socket> {
  const socket = createConnection({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket.resume();
}

/** Resolves when the other side has ended the connection in whatever way, with whether it broke. */
function ended(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => socket.once("end", () => resolve(false)).once("close", resolve));
}

const frame = (text: string): string => `${JSON.stringify({ host: "h", short_message: text })}\0`;
const accepted = async (server: Graylog): Promise<unknown[]> =>
  (await server.accepted()).map((m) => m["short_message"]);

describe("a fake Graylog", () => {
  test("takes NUL-terminated frames, makes a message of an unterminated end, and answers the close", async () => {
    const server = await graylog();
    const socket = await connectTo(server.port);
    socket.end(`${frame("a")}${frame("b")}{"host":"h","short`);
    await once(socket, "end");
    expect(await accepted(server)).toEqual(["a", "b"]);
    expect(await server.rejected()).toEqual([{ reason: "invalid JSON", frame: '{"host":"h","short' }]);
  });

  test("closes a connection with a frame of more than 2 MiB", async () => {
    const server = await graylog();
    const socket = await connectTo(server.port);
    socket.write(`${frame("a")}${"x".repeat(2 * 1024 * 1024 + 1)}`);
    await ended(socket);
    expect(await accepted(server)).toEqual(["a"]);
  });

  test("can hang, and never answer a close", async () => {
    const server = await graylog({ fault: "hang" });
    const socket = await connectTo(server.port);
    let ended = false;
    socket.on("end", () => (ended = true)).end(frame("a"));
    await server.setFault("ignore-fin");
    await vi.waitFor(async () => expect(await accepted(server)).toEqual(["a"]), { timeout: 20_000 });
    expect(ended).toBe(false);
  });

  test("keeps what it received over kill -9 and a restart on the same port", async () => {
    const server = await graylog();
    const { port } = server;
    for (const text of ["a", "b"]) {
      const socket = await connectTo(port);
      socket.end(frame(text));
      await once(socket, "end");
      await server.kill();
      await expect(connectTo(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await server.restart();
    }
    expect(await accepted(server)).toEqual(["a", "b"]);
    expect(server.port).toBe(port);
  });

  test("breaks connections when told to", async () => {
    const server = await graylog();
    const socket = await connectTo(server.port);
    await vi.waitFor(async () => expect(await server.connections()).toBe(1), { timeout: 20_000 });
    const end = ended(socket);
    await server.resetConnections();
    expect(await end).toBe(true);
  });
});

describe("Graylog's codec", () => {
  const decode = (message: object) => new GraylogCodec().decode(Buffer.from(JSON.stringify(message)));
  const base = { host: "h", short_message: "m" };

  test.each([
    [{ short_message: "m" }, 'missing mandatory "host" field'],
    [{ host: "h" }, 'missing mandatory "short_message" field'],
    [{ ...base, short_message: " \t" }, 'empty mandatory "short_message" field'],
    [{ ...base, host: 5 }, 'invalid "host"'],
    [{ ...base, _x: "y".repeat(32_767) }, "immense term in x"],
  ])("refuses %j", (message, reason) => {
    expect(decode(message)).toEqual({ accepted: false, reason });
  });

  test("refuses text in a field that began as a number", () => {
    const codec = new GraylogCodec();
    const index = (x: unknown) => codec.decode(Buffer.from(JSON.stringify({ ...base, _x: x }))).accepted;
    expect([index(5), index("6"), index("six")]).toEqual([true, true, false]);
  });

  test.each([
    [{ timestamp: 0 }, "timestamp: replaced by the time of reception"],
    [{ _source: "x" }, "source: already set or reserved"],
    [{ __id: "x" }, "_id: already set or reserved"],
    [{ "_a b": "x" }, "a b: invalid name"],
    [{ _a: true }, "a: unknown type"],
    [{ _a: null }, "a: null"],
    [{ _a: { b: 1 } }, "a: stored as JSON text"],
    [{ _a: 2 ** 53 }, "a: rounded"],
    [{ _a: " " }, "a: blank"],
  ])("tells what it would change silently in %j", (extra, silent) => {
    expect(decode({ ...base, ...extra })).toMatchObject({ accepted: true, silent: [silent] });
  });

  test("keeps names, levels and trimmed texts as Graylog does", () => {
    expect(decode({ ...base, level: 3, timestamp: 1.5, _a: " b ", "_c.d": 1, full_message: "f" })).toEqual({
      accepted: true,
      fields: { message: "m", source: "h", timestamp: 1.5, level: 3, full_message: "f", a: "b", "c.d": 1 },
      silent: [],
    });
  });
});

describe("a faulty proxy", () => {
  async function proxied(): Promise<{ server: Graylog; proxy: Awaited<ReturnType<typeof startTcpProxy>> }> {
    const server = await graylog();
    const proxy = await startTcpProxy(server.port);
    cleanups.push(() => proxy.close());
    return { server, proxy };
  }

  test("passes bytes and closes on, late if asked to", async () => {
    const { server, proxy } = await proxied();
    proxy.faults.delay = 50;
    const socket = await connectTo(proxy.port);
    socket.end(frame("a"));
    await once(socket, "end");
    expect(await accepted(server)).toEqual(["a"]);
  });

  test("cuts a connection after so many bytes", async () => {
    const { server, proxy } = await proxied();
    Object.assign(proxy.faults, { cutAfter: frame("a").length + 3, cutWith: "fin" });
    const socket = await connectTo(proxy.port);
    socket.write(frame("a") + frame("b"));
    await once(socket, "end");
    await vi.waitFor(async () => expect(await server.rejected()).toHaveLength(1), { timeout: 20_000 });
    expect(await accepted(server)).toEqual(["a"]);
  });

  test("swallows everything, refuses, and breaks", async () => {
    const { server, proxy } = await proxied();
    proxy.faults.blackHole = true;
    const swallowed = await connectTo(proxy.port);
    swallowed.write(frame("a"));
    const end = ended(swallowed);
    await vi.waitFor(async () => expect(await server.connections()).toBe(1), { timeout: 20_000 });
    proxy.reset();
    expect(await end).toBe(true);
    proxy.faults.refuse = true;
    const refused = createConnection(proxy.port, "127.0.0.1");
    await expect(once(refused, "close")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await accepted(server)).toEqual([]);
  });
});
