import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTcpProxy } from "@sluice/testkit";
import { expect, onTestFinished, test } from "vitest";
import { httpSink } from "../src/index.ts";
import { retryAfter } from "../src/retry-after.ts";
import { batch, messages, never, open, serve, warnings } from "./support.ts";

const lines = (body: string) =>
  body
    .split("\n")
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { message: string }).message);

test.each(["none", "gzip", "zstd"])("posts a batch as NDJSON, compression %s", async (compression) => {
  const { url, received } = await serve();
  const sink = open({ url, compression, headers: { "X-Api-Key": "k1" } });
  expect(await sink.write(batch(...messages(3)), never())).toEqual({ rejected: [] });
  expect(received).toHaveLength(1);
  expect(received[0]).toMatchObject({ method: "POST", path: "/in" });
  expect(received[0]?.headers).toMatchObject({ "content-type": "application/x-ndjson", "x-api-key": "k1" });
  expect(lines(received[0]?.body ?? "")).toEqual(["m0", "m1", "m2"]);
});

test("sends a JSON list, by PUT, with basic and bearer credentials", async () => {
  const { url, received } = await serve();
  const auth = { basic: { user: "ann", password: "pä:ss" } };
  await open({ url, format: "json", method: "PUT", auth }).write(batch(...messages(2)), never());
  await open({ url, auth: { bearer: "t0ken" } }).write(batch({ message: "x", "host.name": "h" }), never());
  expect(received[0]?.method).toBe("PUT");
  expect(JSON.parse(received[0]?.body ?? "")).toEqual(messages(2));
  expect(received[0]?.headers.authorization).toBe(`Basic ${Buffer.from("ann:pä:ss").toString("base64")}`);
  expect(received[1]?.headers.authorization).toBe("Bearer t0ken");
});

test.each([408, 429, 500, 502, 503, 301])("after a %i the batch is offered again", async (status) => {
  const { url, received } = await serve(
    (_, response) => received.length === 1 && response.writeHead(status).end("busy"),
  );
  const sink = open({ url });
  const one = batch(...messages(2));
  await expect(sink.write(one, never())).rejects.toMatchObject({
    code: "SLUICE_UNREACHABLE",
    message: expect.stringContaining(`answered ${status}`),
  });
  expect(await sink.write(one, never())).toEqual({ rejected: [] });
  expect(received.map(({ body }) => lines(body))).toEqual([
    ["m0", "m1"],
    ["m0", "m1"],
  ]);
});

test("waits as long as Retry-After says, and no longer than the deadline lets it", async () => {
  const { url, received } = await serve((_, response) => {
    const seconds = received.length === 1 ? "1" : "200";
    response.writeHead(429, { "retry-after": seconds }).end();
  });
  const sink = open({ url });
  const begin = performance.now();
  await expect(sink.write(batch(...messages(1)), never())).rejects.toThrow("429");
  expect(performance.now() - begin).toBeGreaterThan(950);
  const deadline = new AbortController();
  const waiting = sink.write(batch(...messages(1)), deadline.signal);
  while (received.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  setTimeout(() => deadline.abort(), 50);
  await expect(waiting).rejects.toThrow("429");
});

test("Retry-After may be seconds or a date, and nonsense is none", () => {
  const now = Date.parse("2025-04-13T07:15:22Z");
  expect(retryAfter("120", now)).toBe(120_000);
  expect(retryAfter("Sun, 13 Apr 2025 07:15:52 GMT", now)).toBe(30_000);
  expect(retryAfter("Sun, 13 Apr 2025 07:00:00 GMT", now)).toBe(0);
  expect(retryAfter("99999999", now)).toBe(300_000);
  expect([retryAfter("soon", now), retryAfter(undefined, now), retryAfter(["7", "8"], now)]).toEqual([0, 0, 7000]);
});

test.each([401, 403, 404, 405, 410])("after a %i the events go to the dead letter, with the reason", async (status) => {
  const { url, received } = await serve((_, response) => response.writeHead(status).end("no"));
  const { rejected } = (await open({ url }).write(batch(...messages(3)), never())) as { rejected: unknown[] };
  expect(rejected).toEqual([0, 1, 2].map((frame) => ({ frame, reason: `the server answered ${status}` })));
  expect(received).toHaveLength(1);
});

test("statuses that are to be waited for are offered again", async () => {
  const { url } = await serve((_, response) => response.writeHead(403).end());
  const sink = open({ url, retry_statuses: [403, 429] });
  await expect(sink.write(batch(...messages(1)), never())).rejects.toThrow("403");
});

test.each([400, 413, 422])("after a %i only the events at fault are given up", async (status) => {
  const { url, received } = await serve((request, response) => {
    if (/"m(3|17)"/.test(request.body)) response.writeHead(status).end();
  });
  const { rejected } = (await open({ url }).write(batch(...messages(40)), never())) as {
    rejected: readonly { frame: number }[];
  };
  expect(rejected.map(({ frame }) => frame)).toEqual([3, 17]);
  const taken = received.filter(({ body }) => !/"m(3|17)"/.test(body)).flatMap(({ body }) => lines(body));
  expect(taken).toEqual(
    messages(40)
      .map(({ message }) => message)
      .filter((m) => m !== "m3" && m !== "m17"),
  );
});

test("a server that refuses everything is not asked about each event", async () => {
  const { url, received } = await serve((_, response) => response.writeHead(400).end());
  const { rejected } = (await open({ url }).write(batch(...messages(5000)), never())) as { rejected: unknown[] };
  expect(rejected).toHaveLength(5000);
  expect(received.length).toBeLessThan(80);
});

test("what was taken of a batch is not sent again when the rest of it failed", async () => {
  let refused = false;
  const { url, received } = await serve((request, response) => {
    if (lines(request.body).length > 4) response.writeHead(413).end();
    else if (request.body.includes('"m6"') && !refused) {
      refused = true;
      response.writeHead(503).end();
    }
  });
  const sink = open({ url });
  const one = batch(...messages(8));
  await expect(sink.write(one, never())).rejects.toThrow("503");
  expect(await sink.write(one, never())).toEqual({ rejected: [] });
  const taken = received.map(({ body }) => lines(body)).filter((list) => list.length <= 4);
  expect(taken).toEqual([
    ["m0", "m1", "m2", "m3"],
    ["m4", "m5", "m6", "m7"],
    ["m4", "m5", "m6", "m7"],
  ]);
});

test("a server that never answers is given up after `timeout`, one that is not there at once", async () => {
  const { url } = await serve(() => new Promise(() => undefined));
  await expect(open({ url, timeout: "300ms" }).write(batch(...messages(1)), never())).rejects.toThrow(
    "no answer within",
  );
  const gone = open({ url: "http://127.0.0.1:9/in", connect_timeout: "5s" });
  await expect(gone.write(batch(...messages(1)), never())).rejects.toThrow(
    /cannot deliver to http:\/\/127.0.0.1:9\/in: .*ECONNREFUSED/,
  );
});

test("a connection that is cut in the midst of the request or the answer is an error, and the next attempt goes through", async () => {
  const { port, received } = await serve();
  const proxy = await startTcpProxy(port);
  onTestFinished(() => proxy.close());
  const sink = open({ url: `http://127.0.0.1:${proxy.port}/in`, timeout: "20s" });
  const one = batch(
    ...Array.from({ length: 20_000 }, (_, i) => ({ message: `${i} ${"x".repeat(100)}`, "host.name": "h" })),
  );
  proxy.faults.cutAfter = 100_000;
  await expect(sink.write(one, never())).rejects.toMatchObject({ code: "SLUICE_UNREACHABLE" });
  proxy.faults.cutAfter = Number.POSITIVE_INFINITY;
  expect(await sink.write(one, never())).toEqual({ rejected: [] });
  expect(lines(received.at(-1)?.body ?? "")).toHaveLength(20_000);
});

test("an answer that breaks off is an error", async () => {
  const { url } = await serve((_, response) => {
    response.socket?.end("HTTP/1.1 20");
    return new Promise(() => undefined);
  });
  await expect(open({ url }).write(batch(...messages(1)), never())).rejects.toMatchObject({
    code: "SLUICE_UNREACHABLE",
  });
});

test("certificates are verified, with the CA of the options, and verify: false is warned about", async () => {
  const dir = mkdtempSync(join(tmpdir(), "sluice-http-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  execFileSync("openssl", [...make, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const { url, received } = await serve(undefined, {
    key: readFileSync(key, "utf8"),
    cert: readFileSync(cert, "utf8"),
  });
  await expect(open({ url }).write(batch(...messages(1)), never())).rejects.toThrow(/self-signed certificate/);
  await open({ url, tls: { ca: cert } }).write(batch(...messages(1)), never());
  expect(warnings).toEqual([]);
  await open({ url, tls: { verify: false } }).write(batch(...messages(1)), never());
  expect(warnings).toEqual([expect.stringContaining("verify: false")]);
  expect(received).toHaveLength(2);
});

test.each([
  [{ url: "logs.example.org" }, "write http"],
  [{ url: "https://ann:secret@h/" }, "belong into `auth`"],
  [{ url: "https://h/", auth: {} }, "give one of basic and bearer"],
  [{ url: "https://h/", headers: { a: "b\r\nx: y" } }, "control character"],
  [{ url: "https://h/", headers: { "Content-Type": "x" } }, "set by sluice itself"],
  [{ url: "https://h/", tls: { cert: "a.pem" } }, "give cert and key together"],
])("options %j are refused", (options, complaint) => {
  const result = httpSink.options.safeParse(options);
  expect(JSON.stringify(result.error?.issues)).toContain(complaint);
  expect(JSON.stringify(result.error?.issues)).not.toContain("secret@");
});

test("check tells of a server that is not there", async () => {
  const { url } = await serve((_, response) => response.writeHead(405).end());
  await expect(open({ url }).check?.(never())).resolves.toBeUndefined();
  await expect(open({ url: "http://127.0.0.1:9/" }).check?.(never())).rejects.toMatchObject({
    code: "SLUICE_UNREACHABLE",
  });
});
