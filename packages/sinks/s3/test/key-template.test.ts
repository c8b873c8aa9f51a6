import { describe, expect, test } from "vitest";
import { DEFAULT_KEY, keyTemplate, LABORATORY_KEY, pieceName } from "../src/key-template.ts";

const parts = {
  prefix: "logs/",
  pipeline: "web",
  host: "web1.example.org",
  source: "access",
  position: "k3x-000000beef",
  piece: "aa",
  ext: "ndjson.gz",
};

describe("a key template", () => {
  test("names objects by event time and first position", () => {
    const key = keyTemplate(DEFAULT_KEY).render(parts, "2017-01-12T14");
    expect(key).toBe("logs/web/dt=2017-01-12/hour=14/web1.example.org-access-k3x-000000beef.ndjson.gz");
  });

  test("names objects as the Laboratory did", () => {
    const template = keyTemplate(LABORATORY_KEY);
    const plain = { ...parts, prefix: "" };
    const directory = "access.2017-01-12-14:34:00/access.2017-01-12-14:34:00.log";
    expect(template.render({ ...plain, ext: "log" }, "2017-01-12T14:34")).toBe(`${directory}.aa`);
    expect(template.render({ ...plain, ext: "log.gz", piece: "ab" }, "2017-01-12T14:34")).toBe(`${directory}.ab.gz`);
    expect({ granularity: template.granularity, numbered: template.numbered }).toEqual({
      granularity: 16,
      numbered: true,
    });
  });

  test.each([
    ["{prefix}{pipeline}/{YYYY}/x", /needs \{position\} or \{piece\}/],
    ["/{position}", /leading/],
    ["{prefix}/{position}", /leading/],
    ["a//{position}", /\/\//],
    ["a/../{position}", /\.\./],
    ["{hour}/{position}", /no \{hour\}/],
  ])("refuses %s", (text, why) => {
    expect(() => keyTemplate(text)).toThrow(why);
  });

  test("changes names that would not do in a key, and keeps them different", () => {
    const template = keyTemplate("{source}/{position}");
    const keys = ["a/b", "a b", "a_b", "..", "é"].map((source) => template.render({ ...parts, source }, ""));
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(key).toMatch(/^[\w.-]+\/k3x-000000beef$/);
    expect(keys.join()).not.toContain("..");
  });

  test("recognizes its own keys and no others", () => {
    const { prefix, pattern } = keyTemplate(DEFAULT_KEY).shape({ prefix: "logs/", pipeline: "web", host: "web1" });
    expect(prefix).toBe("logs/web/dt=");
    expect(pattern.test("logs/web/dt=2017-01-12/hour=14/web1-access-k3x-0.ndjson.gz")).toBe(true);
    expect(pattern.test("logs/web/dt=2017-01-12/hour=14/web2-access-k3x-0.ndjson.gz")).toBe(false);
  });
});

test("pieces are named as split(1) names them, in order without end", () => {
  const names = Array.from({ length: 20_000 }, (_, n) => pieceName(n));
  expect([0, 1, 25, 26, 649, 650, 650 + 16_899, 650 + 16_900].map((n) => names[n])).toEqual([
    "aa",
    "ab",
    "az",
    "ba",
    "yz",
    "zaaa",
    "zyzz",
    "zzaaaa",
  ]);
  expect([...names].sort()).toEqual(names);
});
