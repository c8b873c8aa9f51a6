import { describe, expect, it } from "vitest";
import { NAMED_PARSERS } from "../src/parsers/index.ts";
import { apply, createParse, parse } from "./support.ts";

describe("parse with grok", () => {
  it("takes the first pattern that matches", () => {
    const options = { grok: ["\\A%{INT:n:int}\\z", "\\A%{WORD:word}\\z", "%{GREEDYDATA:rest}"] };
    expect(parse(options, "42")).toEqual({ message: "42", n: 42 });
    expect(parse(options, "abc")).toEqual({ message: "abc", word: "abc" });
    expect(parse(options, "a b")).toEqual({ message: "a b", rest: "a b" });
  });

  it("makes a list of a field that exists already, unless it is overwritten", () => {
    const grok = "%{WORD:level} %{GREEDYDATA:message}";
    expect(parse({ grok }, { message: "warn text", level: "x" })).toEqual({
      message: ["warn text", "text"],
      level: ["x", "warn"],
    });
    expect(parse({ grok, overwrite: ["message", "level"] }, { message: "warn text", level: "x" })).toEqual({
      message: "text",
      level: "warn",
    });
    expect(parse({ grok, overwrite: "message" }, "warn text")).toEqual({ message: "text", level: "warn" });
  });

  it("makes a list of a name that captures twice, and leaves empty captures out", () => {
    expect(parse({ grok: "%{WORD:w} %{WORD:w}" }, "a b")).toEqual({ message: "a b", w: ["a", "b"] });
    expect(parse({ grok: "x(?<none>y*)" }, "x")).toEqual({ message: "x" });
  });

  it("knows nested names, types, patterns of its own, and the ones that are built in", () => {
    const options = { grok: "%{ID:[app][id]:int} %{LOGLEVEL:log.level}", patterns: { ID: "#%{INT}" } };
    expect(parse({ ...options, patterns: { ID: "[0-9]+" } }, "12 WARN")).toEqual({
      message: "12 WARN",
      "app.id": 12,
      "log.level": "WARN",
    });
    const line = '198.51.100.232 - - [10/Jan/2017:13:06:27 -0300] "GET /test HTTP/1.1" 304 0 "-" "Mozilla/5.0"';
    expect(parse({ grok: "%{COMBINEDAPACHELOG}" }, line)).toMatchObject({
      "@timestamp": "2017-01-10T16:06:27.000Z",
      "http.response.status_code": 304,
      "url.path": "/test",
    });
  });

  it("reads what is captured as @timestamp, and tags what it cannot read", () => {
    const options = { grok: "%{NOTSPACE:@timestamp} %{WORD:w}", timezone: "UTC" };
    expect(parse(options, "2024-01-01T00:00:00Z x")).toMatchObject({
      "@timestamp": "2024-01-01T00:00:00.000Z",
      w: "x",
    });
    expect(parse(options, { message: "soon x", "@timestamp": "now" })).toEqual({
      message: "soon x",
      "@timestamp": "now",
      w: "x",
      tags: ["_timestamp_failure"],
    });
  });

  it("says what is wrong with a pattern, and where", () => {
    expect(() => createParse({ grok: "%{NO_SUCH_THING:x}" })).toThrow(/NO_SUCH_THING/);
    expect(() => createParse({ grok: "(unclosed" })).toThrow(/not a valid expression/);
    expect(() => createParse({ grok: "%{A}", patterns: { A: "%{A}" } })).toThrow(/contains itself/);
  });

  it("does not reach the prototype", () => {
    const event = parse({ grok: "(?<__proto__>x)(?<constructor>y)" }, "xy");
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
    expect(event["constructor"]).toBe("y");
  });
});

describe("parse with regex", () => {
  it("makes fields of named groups", () => {
    expect(parse({ regex: "^(?<method>[A-Z]+) (?<url.path>\\S+)$" }, "GET /x")).toEqual({
      message: "GET /x",
      method: "GET",
      "url.path": "/x",
    });
  });

  it("does not know grok patterns", () => {
    expect(() => createParse({ regex: "%{WORD:x}" })).toThrow(/WORD/);
  });
});

describe("what validate warns about", () => {
  it("names the part of a pattern that can take exponential time", async () => {
    const warnings = await createParse({ grok: "^(a+)+$" }).diagnose?.();
    expect(warnings).toHaveLength(1);
    expect(warnings?.[0]).toMatch(/\(a\+\)\+ can take exponential time/);
  });

  it("finds nothing in patterns of our own", async () => {
    for (const parser of NAMED_PARSERS) expect(await createParse(parser.name).diagnose?.(), parser.name).toEqual([]);
  });

  it("names a built-in pattern that was redefined wrongly, which then matches nothing", async () => {
    const step = createParse({ parser: "auth", patterns: { SUDO_COMMAND: "(" } });
    expect((await step.diagnose?.())?.[0]).toMatch(/SUDO_COMMAND/);
    const message = "Mar  1 10:00:00 web sudo:  a : PWD=/ ; USER=root ; COMMAND=/bin/ls";
    expect(apply(step, message)["process.name"]).toBe("sudo");
  });
});
