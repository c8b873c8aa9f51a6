import type { Event } from "@sluice/core";
import { newTally } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { apply, NOW, step } from "./step-support.ts";

const CUSTOM = [
  { name: "my-key", pattern: "mykey-[0-9a-f]{8}", keywords: ["mykey-"] },
  { name: "my-password", pattern: "pass=(?<secret>\\S{3,32})", keywords: ["pass="] },
];
/** Only rules of our own, and the names of fields. */
const OWN = { rules: ["secret-field"], custom: CUSTOM };
const WITHHELD = "[withheld: not checked for secrets]";

describe("every string of the event", () => {
  test("in lists, objects, tags and names, but not in the event's id and time", () => {
    const key = "mykey-0123abcd";
    const event = {
      "@timestamp": "2026-01-01T00:00:00.000Z",
      "event.id": key,
      message: `a ${key}`,
      tags: ["_x", key],
      nested: { list: [{ deep: `b ${key}`, n: 1, none: null }], [key]: true },
      [key]: 2,
    };
    expect(apply(step(OWN), event).event).toEqual({
      "@timestamp": "2026-01-01T00:00:00.000Z",
      "event.id": key,
      message: "a [redacted:my-key]",
      tags: ["_x", "[redacted:my-key]"],
      nested: { list: [{ deep: "b [redacted:my-key]", n: 1, none: null }], "[redacted:my-key]": true },
      "[redacted:my-key]": 2,
    });
  });

  test("a text where the event's time should be is checked", () => {
    expect(apply(step(OWN), { "@timestamp": "mykey-0123abcd" }).event).toEqual({ "@timestamp": "[redacted:my-key]" });
  });

  test("a field named __proto__ is one like any other", () => {
    const event = JSON.parse('{"__proto__": "mykey-0123abcd", "a": {"__proto__": {"x": "mykey-0123abcd"}}}') as Event;
    const { event: result } = apply(step(OWN), event);
    expect(JSON.stringify(result)).toBe(
      '{"__proto__":"[redacted:my-key]","a":{"__proto__":{"x":"[redacted:my-key]"}}}',
    );
  });

  test("two names that become the same keep both values", () => {
    expect(apply(step(OWN), { "mykey-0123abcd": 1, "mykey-0123abce": 2 }).event).toEqual({
      "[redacted:my-key]": 1,
      "[redacted:my-key]_2": 2,
    });
  });

  test("a number that holds a secret becomes text", () => {
    const target = step({ rules: ["secret-field"], custom: [{ name: "long", pattern: "4111\\d{12}" }] });
    expect(apply(target, { a: 4111111111111111, b: 411111111111111, c: [12] }).event).toEqual({
      a: "[redacted:long]",
      b: 411111111111111,
      c: [12],
    });
  });

  test("an event without secrets keeps its values", () => {
    const nested = { list: ["a"] };
    const event = { message: "x", nested };
    const result = apply(step(OWN), event).event;
    expect(result).toBe(event);
    expect(result?.["nested"]).toBe(nested);
  });
});

describe("context", () => {
  test.each([
    "password",
    "db.password",
    "DB_PASSWORD",
    "userPassword",
    "client_secret",
    "x-api-key",
    "http.request.headers.authorization",
    "Cookie",
    "access_token",
  ])("the value of %s is a secret", (name) => {
    expect(apply(step(OWN), { [name]: "hunter2 x" }).event).toEqual({ [name]: "[redacted:secret-field]" });
    expect(apply(step(OWN), { a: { [name]: ["hunter2", 12345] } }).event).toEqual({
      a: { [name]: ["[redacted:secret-field]", "[redacted:secret-field]"] },
    });
  });

  test.each(["password_changed", "tokens", "next_token", "secretary", "key"])("that of %s is not", (name) => {
    expect(apply(step(OWN), { [name]: "hunter2" }).event).toEqual({ [name]: "hunter2" });
  });

  test.each(["", "-", "null", "********", "<password>", "[redacted:x]", "/run/secrets/x", "/"])(
    "nor is %j",
    (value) => {
      expect(apply(step(OWN), { password: value }).event).toEqual({ password: value });
    },
  );

  test("a secret that begins like a path is one", () => {
    expect(apply(step(OWN), { secret: "/bPxRfiCYzR7MDENG" }).event).toEqual({ secret: "[redacted:secret-field]" });
  });

  test("what was found in one field goes from all others", () => {
    const event = {
      message: "login pass=hunter2 mykey-0123abcd",
      url: { query: ["x=hunter2&y"], hunter2: 1 },
      "db.password": "s3cr3t!",
      note: "s3cr3t! and abc",
    };
    expect(apply(step(OWN), event).event).toEqual({
      message: "login pass=[redacted:my-password] [redacted:my-key]",
      url: { query: ["x=[redacted:my-password]&y"], "[redacted:my-password]": 1 },
      "db.password": "[redacted:secret-field]",
      note: "[redacted:secret-field] and abc",
    });
  });

  test("a secret that is also the name of a field leaves that field its name", () => {
    const event = { message: "pass=message", "source.ip": "x", note: "pass=source" };
    expect(apply(step(OWN), event).event).toEqual({
      message: "pass=[redacted:my-password]",
      "source.ip": "x",
      note: "pass=[redacted:my-password]",
    });
  });

  test("a found secret does not break what replaces another, and a short one is not looked for", () => {
    const event = { message: "pass=redacted pass=abc", other: "mykey-0123abcd redacted abc" };
    expect(apply(step(OWN), event).event).toEqual({
      message: "pass=[redacted:my-password] pass=[redacted:my-password]",
      other: "[redacted:my-key] [redacted:my-password] abc",
    });
  });
});

describe("actions", () => {
  test("drop drops the event, and everything is counted by rule and action", () => {
    const target = step({ ...OWN, actions: { "my-key": "drop" } });
    const { event, tally } = apply(target, { message: "mykey-0123abcd", a: { b: "pass=hunter2", password: "x1y2z3" } });
    expect(event).toBeNull();
    expect(tally.sanitized).toEqual({ "my-key:drop": 1, "my-password:redact": 1, "secret-field:redact": 1 });
    expect(apply(target, { message: "pass=hunter2" }).event).toEqual({ message: "pass=[redacted:my-password]" });
  });

  test("hash needs its key", () => {
    expect(() => step({ ...OWN, action: "hash" })).toThrow("needs a key");
    const target = step({ ...OWN, action: "hash", hash_key: "k" });
    const { event } = apply(target, { message: "pass=hunter2", password: "hunter2" });
    const hash = /:([0-9a-f]{16})\]"$/.exec(JSON.stringify(event?.["message"]))?.[1];
    expect(event?.["password"]).toBe(`[hash:secret-field:${hash}]`);
  });
});

describe("options", () => {
  test.each(["default", "secrets", "pii", "all"])("the set %s", (set) => {
    expect(step(set).skipped).toBeDefined();
  });

  test("off changes nothing and keeps nothing from being fast", () => {
    const off = step("off");
    const event = { message: "password=hunter2", password: "hunter2" };
    expect(apply(off, event).event).toEqual({ message: "password=hunter2", password: "hunter2" });
    expect(off.constants).toEqual([]);
  });

  test.each([
    [{ rules: ["nosuch"] }, "no rule or set `nosuch`"],
    [{ exclude: ["nosuch"] }, "no rule or set `nosuch`"],
    [{ actions: { nosuch: "drop" } }, "no rule or set `nosuch`"],
    [{ custom: [{ name: "pii", pattern: "x" }] }, "already a rule or set `pii`"],
    [{ custom: [{ name: "x", pattern: "(" }] }, "rule `x`"],
    [{ custom: [{ name: "x", pattern: "a*" }] }, "matches nothing"],
    [{ custom: [{ name: "X y", pattern: "a" }] }, "lower case"],
    [{ custom: [{ name: "x", pattern: "a", keywords: ["ab"] }] }, "three"],
    [{ nosuch: 1 }, "nosuch"],
    [{ action: "nosuch" }, "redact"],
  ])("%j is refused", (options, message) => {
    expect(() => step(options)).toThrow(message);
  });

  test("validation warns of patterns that take exponential time", async () => {
    const slow = step({ custom: [{ name: "bad", pattern: "(a|a)*b" }, ...CUSTOM] });
    expect(await slow.diagnose?.()).toEqual([expect.stringContaining("`bad`")]);
    expect(await step("default").diagnose?.()).toEqual([]);
  });
});

describe("what cannot be checked", () => {
  const event = (): Event => ({
    "@timestamp": "2026-01-01T00:00:00.000Z",
    "event.id": "f-1",
    message: "pass=hunter2 ".repeat(100_000),
    "log.file.path": "/var/log/x",
    "log.offset": 5_000_000_000,
    "http.status": 200,
    phone: 4912345678901,
    list: ["hunter2"],
    "mykey-0123abcd": 1,
    tags: ["_parse_failure", "hunter2"],
  });
  const withheld = {
    "@timestamp": "2026-01-01T00:00:00.000Z",
    "event.id": "f-1",
    message: WITHHELD,
    "log.file.path": "/var/log/x",
    "log.offset": 5_000_000_000,
    "http.status": 200,
    phone: WITHHELD,
    list: WITHHELD,
    tags: ["_parse_failure", "_withheld"],
  };

  test("in time is withheld", () => {
    expect(apply(step({ ...OWN, budget: "0.001ms" }), event()).event).toEqual(withheld);
  });

  test("because a step hung on it is withheld where it may have been a pattern of the file's", () => {
    const run = { now: NOW, tally: newTally() };
    expect(step(OWN).skipped?.(event(), run)).toEqual(withheld);
  });

  test("because another step hung on it is checked where all patterns are known", () => {
    const run = { now: NOW, tally: newTally() };
    const target = step({ rules: ["secret-field"] });
    expect(target.skipped?.({ message: "m", password: "hunter2" }, run)).toEqual({
      message: "m",
      password: "[redacted:secret-field]",
    });
  });

  test("because it is nested too deeply is withheld", () => {
    let deep: Event = { x: "pass=hunter2" };
    for (let i = 0; i < 100_000; i++) deep = { a: deep };
    const result = apply(step(OWN), { message: "m", deep }).event;
    expect(JSON.stringify(result)).toContain(WITHHELD);
    expect(JSON.stringify(result)).not.toContain("hunter2");
  });
});
