import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer as createTcp, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CreateContext, Event } from "@sluice/core";
import { checkSource as checkContract, FakeSourceContext } from "@sluice/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { candidates } from "../src/dns/search-list.ts";
import { checkOnce, checkSource } from "../src/index.ts";

const dir = mkdtempSync(join(tmpdir(), "slc-"));
const open: (Server | { close(): void })[] = [];
afterAll(() => {
  for (const server of open) {
    if ("closeAllConnections" in server) (server.closeAllConnections as () => void)();
    server.close();
  }
  rmSync(dir, { recursive: true, force: true });
});

function contextWith(warn: (message: string) => void = () => {}): CreateContext {
  return { name: "c", pipeline: "p", baseDir: dir, hostname: "h", warn };
}

async function run(targets: object[], more: object = {}) {
  const options = checkSource.options.parse({ targets, timeout: "30s", ...more });
  return checkOnce(options, contextWith(), new AbortController().signal);
}

/** One check: its line and its fields. */
async function one(target: object, more: object = {}): Promise<{ text: string; fields: Event }> {
  const [result] = await run([target], more);
  if (!result) throw new Error("no result");
  return result;
}

async function listen(server: Server): Promise<number> {
  open.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createTcp();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const seen: { url: string | undefined; method: string | undefined; authorization: string | undefined; key: unknown }[] =
  [];
const answer: RequestListener = (request, response) => {
  const { url, method, headers } = request;
  seen.push({ url, method, authorization: headers.authorization, key: headers["x-api-key"] });
  if (url === "/moved") response.writeHead(302, { location: "/v1/status" }).end();
  else if (url === "/away") response.writeHead(307, { location: `http://127.0.0.1:${otherPort}/v1/status` }).end();
  else if (url === "/round") response.writeHead(302, { location: "/round" }).end();
  else if (url === "/broken") response.writeHead(503).end("database is down");
  else if (url === "/cut") request.socket.destroy();
  else if (url !== "/slow") {
    response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end('{"status":"ok"}');
  }
};
let port = 0;
let otherPort = 0;
let securePort = 0;
beforeAll(async () => {
  port = await listen(createHttp(answer));
  otherPort = await listen(createHttp(answer));
  const paths = ["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"];
  execFileSync("openssl", ["req", ...kind, ...names, ...paths]);
  const tls = { key: readFileSync(join(dir, "key.pem")), cert: readFileSync(join(dir, "cert.pem")) };
  securePort = await listen(createHttps(tls, answer));
});

const at = (path: string): string => `http://127.0.0.1:${port}${path}`;

describe("http", () => {
  test("says what the script of the seed says, with times and Heartbeat's fields", async () => {
    const { text, fields } = await one({ name: "Partner API", http: at("/v1/status") });
    expect(text).toBe(`✓ SUCCESS: HTTP connection to Partner API (${at("/v1/status")}) returned status 200`);
    expect(fields).toMatchObject({
      "monitor.type": "http",
      "monitor.status": "up",
      "monitor.ip": "127.0.0.1",
      "event.outcome": "success",
      "url.full": at("/v1/status"),
      "http.response.status_code": 200,
      "http.response.mime_type": "application/json",
      "http.response.body.bytes": 15,
    });
    for (const phase of ["connect_ms", "first_byte_ms", "total_ms"])
      expect(fields[`check.${phase}`]).toBeGreaterThan(0);
    expect(fields["event.duration"]).toBe(Math.round((fields["check.total_ms"] as number) * 1e6));
    expect(fields["http.response.body.content"]).toBeUndefined();
  });

  test("fails at another status, and shows the answer", async () => {
    const { text, fields } = await one({ name: "Metrics API", http: at("/broken") });
    expect(text).toBe(`✗ FAILURE: HTTP connection to Metrics API (${at("/broken")}) returned status 503`);
    expect(fields).toMatchObject({ "monitor.status": "down", "http.response.body.content": "database is down" });
    expect((await one({ http: at("/broken"), status: [503] })).text).toContain("SUCCESS");
  });

  test("looks into the answer", async () => {
    const results = await run([
      { http: at("/"), body_contains: '"ok"' },
      { http: at("/"), body_contains: "fine" },
      { http: at("/"), body_matches: '"status":\\s*"ok"' },
      { http: at("/"), body_matches: "^ok$" },
    ]);
    expect(results.map(({ isUp }) => isUp)).toEqual([true, false, true, false]);
  });

  test("follows redirects only where told, and keeps the headers to their server", async () => {
    const headers = { "X-API-Key": "k1" };
    expect((await one({ http: at("/moved") })).text).toContain("FAILURE");
    expect((await one({ http: at("/moved"), redirects: 3, headers })).text).toContain("SUCCESS");
    expect(seen.at(-1)).toMatchObject({ url: "/v1/status", key: "k1" });
    expect((await one({ http: at("/away"), redirects: 3, headers })).text).toContain("SUCCESS");
    expect(seen.at(-1)).toMatchObject({ url: "/v1/status", key: undefined });
    expect((await one({ http: at("/round"), redirects: 3 })).text).toContain("more than 3 redirects");
  });

  test("sends a user as a header and tells nobody", async () => {
    const result = await one({ http: `http://ana:s3cret@127.0.0.1:${port}/who` });
    expect(seen.at(-1)?.authorization).toBe(`Basic ${Buffer.from("ana:s3cret").toString("base64")}`);
    expect(JSON.stringify(result)).not.toContain("s3cret");
  });

  test("says why there is no answer", async () => {
    const dead = await closedPort();
    const results = await run([
      { http: `http://127.0.0.1:${dead}/` },
      { http: at("/cut") },
      { http: at("/slow"), timeout: "300ms" },
      { http: "http://no-such-name.invalid/" },
    ]);
    expect(results.map(({ fields }) => fields["error.message"])).toEqual([
      "connection refused",
      "the connection was closed before the answer",
      "no answer within 0.3 s",
      expect.stringMatching(/name/),
    ]);
  });

  test("verifies certificates, and tells how many days they last", async () => {
    const url = `https://localhost:${securePort}/`;
    const ca = join(dir, "cert.pem");
    expect((await one({ http: url })).fields["error.message"]).toBe("the certificate is signed by itself");
    const { text, fields } = await one({ http: url, tls: { ca: "cert.pem" } });
    expect(text).toContain("SUCCESS");
    expect(fields).toMatchObject({ "check.certificate_days_left": 29 });
    expect(fields["check.tls_ms"]).toBeGreaterThan(0);
    expect(fields["check.dns_ms"]).toBeGreaterThanOrEqual(0);
    const soon = await one({ http: url, tls: { ca }, certificate_days: 60 });
    expect(soon.fields["error.message"]).toBe("the certificate ends in 29 days");
    expect((await one({ http: url, tls: { verify: false } })).text).toContain("SUCCESS");
    const wrong = await one({ http: url, tls: { ca, server_name: "other.example" } });
    expect(wrong.fields["error.message"]).toBe("the certificate is for another name");
  });

  test("warns about `verify: false` at each start", () => {
    const warned: string[] = [];
    const options = checkSource.options.parse({ targets: [{ http: "https://u:s3cret@a/", tls: { verify: false } }] });
    checkSource.create(
      options,
      contextWith((message) => warned.push(message)),
    );
    expect(warned).toEqual(["https://a/: certificates are not verified (verify: false)"]);
  });
});

describe("tcp", () => {
  test("says what the script of the seed says", async () => {
    const dead = await closedPort();
    const results = await run([
      { name: "Analytics Database", tcp: `127.0.0.1:${port}` },
      { name: "Redis Cache", tcp: `127.0.0.1:${dead}` },
    ]);
    expect(results.map(({ text }) => text)).toEqual([
      `✓ SUCCESS: Connection to Analytics Database (127.0.0.1:${port}) successful`,
      `✗ FAILURE: Could not connect to Redis Cache (127.0.0.1:${dead}): connection refused`,
    ]);
  });

  test("speaks TLS where told", async () => {
    const secure = await one({ tcp: `127.0.0.1:${securePort}`, tls: { ca: join(dir, "cert.pem") } });
    expect(secure.fields).toMatchObject({ "monitor.status": "up", "check.certificate_days_left": 29 });
    expect((await one({ tcp: `127.0.0.1:${port}`, tls: true })).fields["monitor.status"]).toBe("down");
  });
});

/** A name server that knows one name: `db.cloudcrest.internal` has the addresses 10.0.2.30 and 10.0.2.31. */
async function nameServer(): Promise<number> {
  const socket = createSocket("udp4");
  open.push(socket);
  socket.on("message", (query, { port: to, address }) => {
    let end = 12;
    const labels: string[] = [];
    for (; query[end] !== 0; end += (query[end] as number) + 1)
      labels.push(query.toString("latin1", end + 1, end + 1 + (query[end] as number)));
    const isKnown = labels.join(".").toLowerCase() === "db.cloudcrest.internal";
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(isKnown ? 0x8580 : 0x8583, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(isKnown ? 2 : 0, 6);
    header.writeUInt32BE(0, 8);
    const record = (last: number): Buffer => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 2, last]);
    const answers = isKnown ? [record(30), record(31)] : [];
    socket.send(Buffer.concat([header, query.subarray(12, end + 5), ...answers]), to, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket.address().port;
}

describe("dns", () => {
  test("resolves as every program does, when no server and no record is given", async () => {
    const [known, unknown] = await run([{ dns: "localhost" }, { dns: "no-such-name.invalid" }]);
    expect(known?.text).toBe("✓ SUCCESS: DNS resolution for localhost works");
    expect(unknown?.text).toMatch(/^✗ FAILURE: DNS resolution for no-such-name\.invalid failed/);
  });

  test("asks the server that is named, and compares the answers", async () => {
    const server = `127.0.0.1:${await nameServer()}`;
    const results = await run([
      { dns: "db.cloudcrest.internal", server, record: "A", expect: ["10.0.2.30"] },
      { dns: "db.cloudcrest.internal", server, record: "A", expect: ["10.0.2.99"] },
      { dns: "nobody.cloudcrest.internal.", server, record: "A" },
    ]);
    expect(results.map(({ isUp }) => isUp)).toEqual([true, false, false]);
    expect(results[0]?.fields["dns.answers.data"]).toEqual(["10.0.2.30", "10.0.2.31"]);
    expect(results[1]?.fields["error.message"]).toBe("10.0.2.99 is not among the answers");
    expect(results[2]?.fields["error.message"]).toBe("the name does not exist");
  });

  test("uses the search list for short names", () => {
    const conf = "nameserver 10.0.1.10\nsearch cloudcrest.internal\n";
    expect(candidates("api-gateway-03", conf)).toEqual(["api-gateway-03.cloudcrest.internal", "api-gateway-03"]);
    expect(candidates("a.example", conf)).toEqual(["a.example", "a.example.cloudcrest.internal"]);
    expect(candidates("a.example.", conf)).toEqual(["a.example"]);
  });
});

test("no more checks than `concurrency` run at once", async () => {
  let now = 0;
  let most = 0;
  const slow = await listen(
    createHttp((_request, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.end("ok");
      }, 50);
    }),
  );
  const targets = Array.from({ length: 12 }, (_, i) => ({ http: `http://127.0.0.1:${slow}/${i}` }));
  const results = await run(targets, { concurrency: 3, jitter: "5ms" });
  expect(results.every(({ isUp }) => isUp)).toBe(true);
  expect(most).toBeLessThanOrEqual(3);
});

test("a target that goes down and comes back is told once each", async () => {
  const server = createTcp();
  const flapping = await listen(server);
  const ctx = new FakeSourceContext();
  const options = checkSource.options.parse({
    interval: "100ms",
    targets: [{ name: "Cache", tcp: `127.0.0.1:${flapping}` }],
  });
  const running = checkSource.create(options, contextWith()).run(ctx);
  const alerts = (): string[] =>
    ctx.texts.filter((text) => /^(?:ALERT|CLEARED)/.test(text)).map((text) => text.split(" ")[0] as string);
  const rounds = async (n: number): Promise<void> => {
    for (const until = ctx.texts.length + n, end = Date.now() + 60_000; ctx.texts.length < until; ) {
      if (Date.now() > end) throw new Error(`not in time: ${ctx.texts.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await rounds(3);
  server.close();
  await rounds(5);
  server.listen(flapping, "127.0.0.1");
  await rounds(8);
  ctx.end();
  await running;
  expect(alerts()).toEqual(["ALERT:", "CLEARED"]);
});

test("two targets that ask the same thing and wait for different answers have alerts of their own", async () => {
  const ctx = new FakeSourceContext();
  const options = checkSource.options.parse({
    interval: "100ms",
    targets: ["192.0.2.1", "192.0.2.2"].map((address) => ({ dns: "localhost", expect: [address] })),
  });
  const running = checkSource.create(options, contextWith()).run(ctx);
  for (const end = Date.now() + 60_000; ctx.texts.length < 14; ) {
    if (Date.now() > end) throw new Error(`not in time: ${ctx.texts.join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  ctx.end();
  await running;
  const alerts = ctx.texts.filter((text) => /^(?:ALERT|CLEARED)/.test(text));
  expect(alerts).toEqual([expect.stringContaining("192.0.2.1"), expect.stringContaining("192.0.2.2")]);
});

test("says that a server does not speak TLS, and that an answer was not read to its end", async () => {
  const { fields } = await one({ tcp: `127.0.0.1:${port}`, tls: true });
  expect(fields["error.message"]).toBe("the other side does not speak TLS");
  const [cut] = await run([{ http: `http://127.0.0.1:${port}/`, body_contains: '"ok"' }], { max_body: "10B" });
  expect(cut?.fields["error.message"]).toBe("the answer lacks the wanted text within `max_body`");
});

test("the contract of sources is kept", async () => {
  const options = checkSource.options.parse({ interval: "100ms", targets: [{ tcp: `127.0.0.1:${port}` }] });
  await checkContract({
    create: () => checkSource.create(options, contextWith()),
    expected: [`✓ SUCCESS: Connection to 127.0.0.1:${port} successful`],
    resumable: false,
  });
});

test("a target is one thing, and well written", () => {
  const wrong = [
    {},
    { http: "http://a/", tcp: "a:1" },
    { tcp: "a" },
    { http: "ftp://a/" },
    { http: "http://a/", body_matches: "(" },
    { dns: "a", server: "x:y:z" },
    { dns: "a", server: "ns1.example.com" },
    { dns: "a", server: "10.0.0.1:99999" },
    // A certificate that is never looked at would never be found too old.
    { http: "http://a/", certificate_days: 14 },
    { tcp: "a:443", certificate_days: 14 },
  ];
  for (const target of wrong) {
    expect(checkSource.options.safeParse({ targets: [target] }).success, JSON.stringify(target)).toBe(false);
  }
  const right = [
    ...["10.0.1.10", "10.0.1.10:5353", "::1", "[::1]", "[::1]:53"].map((server) => ({ dns: "a", server })),
    { http: "https://a/", certificate_days: 14 },
    { tcp: "a:443", tls: true, certificate_days: 14 },
  ];
  for (const target of right) {
    expect(checkSource.options.safeParse({ targets: [target] }).success, JSON.stringify(target)).toBe(true);
  }
});
