import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openTraffic, TRAFFIC_KINDS, type TrafficKind } from "../src/index.ts";

const COMBINED =
  /^([\d.]+|[\da-f:]+) - (\S+) \[(\d\d\/[A-Z][a-z]{2}\/\d{4}(?::\d\d){3} \+0000)\] "([^"]*)" ([1-5]\d\d) (\d+) "([^"]*)" "([^"]*)"$/;

const lines = (kind: TrafficKind, seed: number, count: number): string[] =>
  openTraffic(kind, { seed }).block(count).toString().trimEnd().split("\n");

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

describe.each(TRAFFIC_KINDS)("%s", (kind) => {
  it("gives the same bytes for the same seed, whatever the sizes of its blocks", () => {
    const whole = openTraffic(kind, { seed: 42 }).block(3000);
    const pieces = openTraffic(kind, { seed: 42 });
    const parts = [pieces.block(1), Buffer.from(`${pieces.line()}\n`), pieces.block(1998), pieces.block(1000)];
    expect(Buffer.concat(parts).equals(whole)).toBe(true);
  });

  it("gives other bytes for another seed", () => {
    const [a, b] = [openTraffic(kind, { seed: 1 }).block(100), openTraffic(kind, { seed: 2 }).block(100)];
    expect(a.equals(b)).toBe(false);
  });

  it("writes printable ASCII, a line a record", () => {
    const text = openTraffic(kind, { seed: 5 }).block(5000).toString("latin1");
    expect(text.endsWith("\n")).toBe(true);
    expect(
      text
        .slice(0, -1)
        .split("\n")
        .filter((line) => /^[ -~]+$/.test(line)),
    ).toHaveLength(5000);
  });

  it("starts at the time it is told", () => {
    const traffic = openTraffic(kind, { seed: 3, start: new Date("2031-07-09T10:00:00Z") });
    expect(traffic.line()).toMatch(/2031-07-09T10:|09\/Jul\/2031:10:|Jul {2}9 10:/);
  });

  it("has not changed: benchmarks and bug reports name lines by seed", () => {
    expect(sha256(openTraffic(kind, { seed: 2026 }).block(2000))).toMatchSnapshot();
  });
});

describe("nginx", () => {
  it("is combined format of about 220 bytes a line", () => {
    const sample = lines("nginx", 9, 20_000);
    for (const line of sample) expect(line).toMatch(COMBINED);
    const mean = sample.reduce((sum, line) => sum + line.length, 0) / sample.length;
    expect(mean).toBeGreaterThan(205);
    expect(mean).toBeLessThan(235);
  });

  it("bears secrets in some queries when it is told to, and is otherwise the same", () => {
    const plain = lines("nginx", 9, 5000);
    const leaky = openTraffic("nginx", { seed: 9, leakOneIn: 100 }).block(5000).toString().trimEnd().split("\n");
    const leaks = leaky.filter((line, i) => line !== plain[i]);
    expect(leaks.length).toBeGreaterThan(25);
    expect(leaks.length).toBeLessThan(100);
    for (const line of leaks) expect(line).toMatch(/[?&](password|access_token|api_key|url|token)=[^ &]{7,}/);
    for (const line of leaks) expect(line).toMatch(COMBINED);
  });

  it("varies in every field", () => {
    const matches = lines("nginx", 9, 20_000).map((line) => COMBINED.exec(line) as RegExpExecArray);
    const distinct = (group: number): number => new Set(matches.map((m) => m[group])).size;
    expect(distinct(1)).toBeGreaterThan(18_000);
    expect(distinct(4)).toBeGreaterThan(9000);
    expect(distinct(5)).toBeGreaterThan(12);
    expect(distinct(6)).toBeGreaterThan(9000);
    expect(distinct(7)).toBeGreaterThan(15);
    expect(distinct(8)).toBeGreaterThan(100);
    expect(distinct(2)).toBe(5);
  });

  it("holds IPv6, empty requests, a bare dash and escaped bytes", () => {
    const text = lines("nginx", 9, 20_000).join("\n");
    expect(text).toMatch(/^2001:db8:/m);
    expect(text).toContain('] "" 4');
    expect(text).toContain('] "-" 4');
    expect(text).toContain("\\x16\\x03\\x01");
    expect(text).toContain("\\x22quoted\\x22");
  });
});

describe("nginx-json", () => {
  it("is an object's inside with the Laboratory's fields, in braces or not", () => {
    const sample = lines("nginx-json", 9, 5000);
    for (const line of sample) {
      const event: unknown = JSON.parse(line.startsWith("{") ? line : `{${line}}`);
      expect(Object.keys(event as object)).toEqual([
        "time",
        "remote_addr",
        "remote_user",
        "body_bytes_sent",
        "request_time",
        "status",
        "request",
        "request_method",
        "http_referrer",
        "http_user_agent",
      ]);
    }
    const braced = sample.filter((line) => line.startsWith("{")).length;
    expect(braced).toBeGreaterThan(1000);
    expect(braced).toBeLessThan(1500);
  });
});

describe("auth", () => {
  it("tells of all the programs of a server", () => {
    const text = lines("auth", 9, 5000).join("\n");
    for (const part of [
      "Accepted publickey for ",
      "Accepted password for ",
      "Failed password for invalid user ",
      "Invalid user ",
      "Connection closed by ",
      "CRON[",
      " ; COMMAND=/",
      "(to root) ",
      "systemd-logind[1193]: New session ",
      "new user: name=",
      "new group: name=",
    ]) {
      expect(text).toContain(part);
    }
    for (const line of lines("auth", 9, 5000)) {
      expect(line).toMatch(/^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d dws [a-zA-Z-]+(\[\d+\])?: .+$/);
    }
  });
});

describe("docker-events", () => {
  it("has the form of docker-compose events --json", () => {
    for (const line of lines("docker-events", 9, 2000)) {
      const event = JSON.parse(line) as { time: string; id: string; attributes: object };
      expect(Object.keys(event)).toEqual(["service", "time", "action", "attributes", "type", "id"]);
      expect(Object.keys(event.attributes)).toEqual(["image", "name"]);
      expect(event.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
      expect(event.id).toMatch(/^[\da-f]{64}$/);
    }
  });

  it("never goes back in time", () => {
    const times = lines("docker-events", 9, 2000).map((line) => (JSON.parse(line) as { time: string }).time);
    expect(times).toEqual([...times].sort());
  });
});

describe("wrong use", () => {
  it("names the kinds when one is unknown", () => {
    expect(() => openTraffic("apache" as TrafficKind, { seed: 1 })).toThrow('no traffic named "apache"');
    expect(() => openTraffic("constructor" as TrafficKind, { seed: 1 })).toThrow("no traffic named");
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])("refuses %s as a seed", (seed) => {
    expect(() => openTraffic("nginx", { seed })).toThrow("not a seed");
  });
});
