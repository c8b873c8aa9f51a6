import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseStep } from "../src/index.ts";
import { parse } from "./support.ts";

const complaint = (options: unknown): string => {
  const result = parseStep.options.safeParse(options);
  return result.success ? "" : JSON.stringify(result.error.issues);
};

describe("options of parse", () => {
  it("demand exactly one way to parse", () => {
    expect(complaint({ field: "x" })).toContain("exactly one");
    expect(complaint({ json: true, logfmt: true })).toContain("exactly one");
    expect(complaint({ json: true, feild: "x" })).toContain("feild");
    expect(complaint("nginxx")).not.toBe("");
    expect(complaint("nginx")).toBe("");
    expect(() => parse({ parser: "syslog", timezone: "Mars" }, "x")).toThrow(/not a time zone/);
  });

  it("can be written as a JSON schema in which everything is described", () => {
    const schema = z.toJSONSchema(parseStep.options, { io: "input" }) as { anyOf: { properties?: object }[] };
    const properties = Object.values(schema.anyOf.find((option) => option.properties)?.properties ?? {});
    expect(properties.length).toBeGreaterThan(8);
    for (const property of properties) expect(property).toHaveProperty("description");
  });

  it("parse another field, and put what is found below a target", () => {
    expect(parse({ json: true, field: "raw" }, { raw: '{"a":1}' })).toEqual({ raw: '{"a":1}', a: 1 });
    expect(parse({ json: true, target: "app" }, '{"a":1,"time":"2024-01-01T00:00:00Z"}')).toEqual({
      message: '{"a":1,"time":"2024-01-01T00:00:00Z"}',
      "app.a": 1,
      "app.time": "2024-01-01T00:00:00Z",
      "@timestamp": "2024-01-01T00:00:00.000Z",
    });
    expect(parse({ json: true, target: "app" }, { message: "no", "app.x": 1 })).toEqual({
      message: "no",
      "app.x": 1,
      tags: ["_parse_failure"],
    });
  });

  it("read times without a zone in the given one", () => {
    const line = "Dec  6 03:17:01 dws CRON[30761]: text";
    expect(parse({ syslog: true, timezone: "America/New_York" }, line)["@timestamp"]).toBe("2025-12-06T08:17:01.000Z");
    expect(parse({ syslog: true, timezone: "+05:30" }, line)["@timestamp"]).toBe("2025-12-05T21:47:01.000Z");
  });
});

describe("csv", () => {
  const columns = ["a", "-", "b"];

  it("sets columns, quoted ones too", () => {
    expect(parse({ csv: { columns } }, '1,x,"2, ""two"""')).toEqual({
      message: '1,x,"2, ""two"""',
      a: "1",
      b: '2, "two"',
    });
    expect(parse({ csv: { columns, separator: ";" } }, "1;;")).toEqual({ message: "1;;", a: "1" });
    expect(parse({ csv: { columns } }, "1")).toEqual({ message: "1", a: "1" });
  });

  it.each(['"open', '"a"b,c', "1,2,3,4"])("refuses %s", (text) => {
    expect(parse({ csv: { columns } }, text)["tags"]).toEqual(["_parse_failure"]);
  });
});

describe("json", () => {
  it("keeps long integers exact and leaves floats alone", () => {
    const event = parse("json", '{"n":12345678901234567890,"m":-9007199254740993,"ok":9007199254740991,"f":1.5e300}');
    expect(event).toMatchObject({
      n: "12345678901234567890",
      m: "-9007199254740993",
      ok: 9007199254740991,
      f: 1.5e300,
    });
  });

  it("is not fooled by __proto__", () => {
    const event = parse("json", '{"__proto__":{"admin":true},"a":{"__proto__":null},"constructor":"x"}');
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
    expect((event as { admin?: boolean }).admin).toBeUndefined();
    expect(event["__proto__.admin"]).toBe(true);
    expect(event["constructor"]).toBe("x");
  });

  it("never lets a line choose its event.id", () => {
    const event = parse("json", { message: '{"event.id":"mine","event":{"id":"mine too"}}', "event.id": "real" });
    expect(event["event.id"]).toBe("real");
    expect(event["labels.event_id"]).toBe("mine too");
  });

  it("refuses what is nested deeper than a log ever is", () => {
    const deep = `{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    expect(parse("json", deep)).toEqual({ message: deep, tags: ["_parse_failure"] });
    expect(parse("json", `{"a":${"[".repeat(60)}1${"]".repeat(60)}}`)["tags"]).toBeUndefined();
  });

  it("takes its own message and merges its tags", () => {
    const event = parse("json", { message: '{"message":"inner","tags":["a","b"]}', tags: ["a", "c"] });
    expect(event).toEqual({ message: "inner", tags: ["a", "c", "b"] });
  });
});
