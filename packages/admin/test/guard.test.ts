import { request } from "node:http";
import { silentLogger } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { type ReloadResult, startAdmin } from "../src/index.ts";
import { adminOf, observedSluice } from "./fakes.ts";

/** `fetch` sets `Host` itself. */
function get(url: string, headers: Record<string, string>, method = "GET"): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, method }, (response) => {
      response.resume();
      resolve(response.statusCode as number);
    });
    sent.on("error", reject).end();
  });
}

describe("on loopback", () => {
  test.each([
    ["localhost:1234", 200],
    ["127.0.0.1", 200],
    ["[::1]:9600", 200],
    ["evil.example", 421],
    ["127.0.0.1.evil.example", 421],
    ["localhost.evil.example:9600", 421],
  ])("a request for host %j gets %i: a name that is made to point here is no way in", async (host, status) => {
    await using admin = await adminOf();
    expect(await get(`${admin.url}/metrics`, { host })).toBe(status);
  });

  test("what another site's page sends is refused", async () => {
    await using admin = await adminOf();
    const host = new URL(admin.url).host;
    expect(await get(`${admin.url}/metrics`, { origin: "https://evil.example" })).toBe(403);
    expect(await get(`${admin.url}/api/reload`, { origin: "null" }, "POST")).toBe(403);
    expect(await get(`${admin.url}/metrics`, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" })).toBe(
      403,
    );
    expect(await get(`${admin.url}/metrics`, { origin: `http://${host}` })).toBe(200);
    expect(await get(`${admin.url}/metrics`, { "sec-fetch-site": "same-origin" })).toBe(200);
  });

  test("every answer bears the security headers, errors too", async () => {
    await using admin = await adminOf();
    for (const path of ["/", "/assets/main.js", "/metrics", "/healthz", "/nothing", "/assets/nothing"]) {
      const { headers } = await fetch(admin.url + path);
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("content-security-policy")).not.toContain("unsafe");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("access-control-allow-origin")).toBeNull();
    }
  });
});

describe("with a token", () => {
  const token = "a-token-that-is-long-enough";

  test.each([
    [{}, 401],
    [{ authorization: "Bearer wrong" }, 401],
    [{ authorization: `Basic ${btoa("user:wrong")}` }, 401],
    [{ authorization: token }, 401],
    [{ authorization: `Bearer ${token}` }, 200],
    [{ authorization: `bearer ${token}` }, 200],
    [{ authorization: `Basic ${btoa(`anybody:${token}`)}` }, 200],
  ])("%o gets %i", async (headers, status) => {
    await using admin = await adminOf(observedSluice(), { host: "0.0.0.0", token });
    expect(await get(`${admin.url}/metrics`, headers as Record<string, string>)).toBe(status);
  });

  test("a browser is told to ask for it", async () => {
    await using admin = await adminOf(observedSluice(), { token });
    expect((await fetch(`${admin.url}/metrics`)).headers.get("www-authenticate")).toMatch(/^Basic /);
  });

  test("probes need none, and learn no names", async () => {
    await using admin = await adminOf(observedSluice(), { token });
    const open = await fetch(`${admin.url}/readyz`);
    expect([open.status, await open.json()]).toEqual([200, { ready: true }]);
    const known = await fetch(`${admin.url}/readyz`, { headers: { authorization: `Bearer ${token}` } });
    expect(await known.json()).toMatchObject({ ready: true, sinks: [{ pipeline: "web", sink: "graylog" }] });
  });

  test("it does not start to listen where others can reach it without one", async () => {
    const options = { address: { host: "0.0.0.0", port: 0 }, observed: observedSluice(), log: silentLogger };
    await expect(startAdmin(options)).rejects.toMatchObject({ code: "SLUICE_HTTP" });
  });
});

test("nothing but a reload changes anything", async () => {
  await using admin = await adminOf();
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    for (const path of ["/", "/metrics", "/healthz", "/api/status"]) {
      expect((await fetch(admin.url + path, { method })).status).toBe(404);
    }
  }
  expect((await fetch(`${admin.url}/api/reload`)).status).toBe(404);
});

test("a reload answers what it changed, or why it changed nothing", async () => {
  const none = { added: [], changed: [], removed: [], unchanged: [], problems: [] };
  const results: ReloadResult[] = [
    { ...none, ok: true, result: "changed", changed: ["web"] },
    { ...none, ok: false, result: "failed", problems: ["web.yaml:3:1: unknown key"] },
  ];
  const reload = async () => results.shift() as ReloadResult;
  await using admin = await adminOf(observedSluice(undefined, { reload }));
  const again = async () => fetch(`${admin.url}/api/reload`, { method: "POST" });
  const first = await again();
  expect([first.status, await first.json()]).toEqual([200, { ...none, ok: true, result: "changed", changed: ["web"] }]);
  expect((await again()).status).toBe(422);
});

test("a port that is taken is told by its name", async () => {
  await using admin = await adminOf();
  const address = { host: "127.0.0.1", port: Number(new URL(admin.url).port) };
  const second = startAdmin({ address, observed: observedSluice(), log: silentLogger });
  await expect(second).rejects.toMatchObject({ code: "SLUICE_HTTP", message: expect.stringContaining("taken") });
});
