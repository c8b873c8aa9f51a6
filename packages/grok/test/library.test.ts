import { describe, expect, test } from "vitest";
import { firstMatch, GrokError, PatternLibrary } from "../src/index.ts";

function library(text: string): PatternLibrary {
  const made = new PatternLibrary();
  made.addFile(text, "test.grok");
  return made;
}

function errorOf(action: () => unknown): GrokError {
  try {
    action();
  } catch (error) {
    if (error instanceof GrokError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("pattern files", () => {
  test("comments, blank lines, names without a pattern, CRLF and a BOM", () => {
    const patterns = library("\u{FEFF}# comment\r\n\r\nWORD \\w+\r\n  # another\r\nALONE\r\n  NUM   [0-9]+ x \r\n");
    expect(patterns.names()).toEqual(["WORD", "NUM"]);
    expect(patterns.source("WORD")).toBe("\\w+");
    expect(patterns.source("NUM")).toBe("[0-9]+ x ");
    expect(patterns.has("ALONE")).toBe(false);
  });

  test("a later definition wins, also after an expression was compiled", () => {
    const patterns = library("A 1\nA 2");
    expect(patterns.compile("%{A:x}").match("12")).toEqual({ x: "2" });
    patterns.add("A", "3");
    expect(patterns.compile("%{A:x}").match("123")).toEqual({ x: "3" });
  });
});

describe("names and values", () => {
  const patterns = library("INT [+-]?[0-9]+\nWORD \\w+\nNUM [+-]?[0-9.eE+_-]+\nANY .*");

  test.each([
    ["%{INT:a:int}", "12", { a: 12 }],
    ["%{INT:a:int}", "+12", { a: 12 }],
    ["%{INT:a:int}", "-0", { a: 0 }],
    ["%{ANY:a:int}", "12 apples", { a: 12 }],
    ["%{ANY:a:int}", "1_000", { a: 1000 }],
    ["%{ANY:a:int}", "apples", { a: 0 }],
    ["%{INT:a:int}", "9007199254740993", { a: "9007199254740993" }],
    ["%{INT:a:int}", "+0009007199254740993", { a: "9007199254740993" }],
    ["%{NUM:a:float}", "1.5e2", { a: 150 }],
    ["%{ANY:a:float}", "2.5 GB", { a: 2.5 }],
    ["%{ANY:a:float}", "e5", { a: 0 }],
    ["%{NUM:a:float}", "1e999", { a: "1e999" }],
    ["%{INT:a:boolean}", "1", { a: "1" }],
    ["%{INT:[http][response][status_code]:int}", "200", { "http.response.status_code": 200 }],
    ["%{INT:@timestamp}", "1", { "@timestamp": "1" }],
    ["(?<plain>\\d+)%{WORD:w}", "1a", { plain: "1", w: "a" }],
    ["(?<[a][b]>\\d+)", "1", { "a.b": "1" }],
    ["(?'quoted'\\d+)", "1", { quoted: "1" }],
    ["%{INT:x} %{WORD:x} %{INT:x}", "1 b 2", { x: ["1", "2", "b"] }],
    ["%{INT:x:int} %{INT:x:int}", "1 2", { x: [1, 2] }],
    ["%{WORD:a}-%{ANY:b}", "x-", { a: "x" }],
    ["%{WORD:__proto__}", "x", JSON.parse('{"__proto__": "x"}') as object],
    ["%{WORD:constructor} %{WORD:constructor}", "x y", { constructor: ["x", "y"] }],
    ["%{NEW:n}=%{NEW=[a-c]{2}}", "zz=ab", "missing"],
    ["%{NEW=[a-c]{2}:n}", "zab:n", {}],
    ["%{NEW:n=[a-c]{2}}%{NEW:m}", "abcc", { n: "ab", m: "cc" }],
    ["%{WORD - with words}", "x", {}],
  ])("%s on %s", (expression, text, expected) => {
    const compile = () => patterns.compile(expression);
    if (expected === "missing") expect(compile).toThrow(GrokError);
    else expect(compile().match(text)).toEqual(expected);
  });

  test("patterns without a name capture under their own when asked to", () => {
    expect(patterns.compile("%{INT} %{WORD:w}", { namedOnly: false }).match("1 a")).toEqual({ INT: "1", w: "a" });
    expect(patterns.compile("%{INT} %{WORD:w}").match("1 a")).toEqual({ w: "a" });
  });

  test("captures tell group, field, type and pattern", () => {
    const grok = patterns.compile("(?<n>x) %{INT:[a][b]:int} (%{WORD:w})");
    expect(grok.captures).toEqual([
      { group: 1, field: "n", type: "string" },
      { group: 2, field: "a.b", type: "int", pattern: "INT" },
      { group: 3, field: "w", type: "string", pattern: "WORD" },
    ]);
    expect(grok.expandedSource).toBe("(?<n1>x) (?<n2>[+-]?[0-9]+) ((?<n3>\\w+))");
    expect(grok.exec("x 1 a")).toEqual(["x", "1", "a"]);
    expect(grok.exec("y")).toBeNull();
  });

  test("the first of several that matches", () => {
    const groks = ["%{INT:i}", "%{WORD:w}"].map((expression) => patterns.compile(`^${expression}$`));
    expect(firstMatch(groks, "abc")).toEqual({ grok: groks[1], fields: { w: "abc" } });
    expect(firstMatch(groks, "- -")).toBeNull();
  });
});

describe("errors", () => {
  const patterns = library("GOOD a\n\nBAD (x\nUSES %{BAD}\nMISSES %{GOOOD}\nONE %{TWO}\nTWO %{THREE}\nTHREE b%{ONE}");

  test("a missing pattern, with the place and the name that was meant", () => {
    const error = errorOf(() => patterns.compile("%{MISSES}"));
    expect(error.message).toBe("test.grok:5: in MISSES: pattern %{GOOOD} is not defined");
    expect(error.hint).toBe("did you mean %{GOOD}?");
    const place = { origin: "a.yaml", line: 3 };
    expect(errorOf(() => patterns.compile("%{XYZZY}", { place })).message).toBe(
      "a.yaml:3: pattern %{XYZZY} is not defined",
    );
  });

  test("a pattern that contains itself, with the chain", () => {
    const error = errorOf(() => patterns.compile("%{ONE}"));
    expect(error.message).toBe("test.grok:6: pattern %{ONE} contains itself: ONE → TWO → THREE → ONE");
    expect(error.place).toEqual({ origin: "test.grok", line: 6 });
  });

  test("an invalid expression, in the innermost pattern that has it", () => {
    const error = errorOf(() => patterns.compile("%{USES}"));
    expect(error.message).toMatch(/^test\.grok:3: pattern %\{BAD\}: not a valid expression: /);
    expect(errorOf(() => patterns.compile("(")).message).toMatch(/^expression: not a valid expression: /);
  });

  test.each(["\\g<0>", "(?<a>\\g<b>x)(?<b>y?\\g<a>)", "(?<a>(?=\\g<a>)x)", "x(?<a>\\b\\g<a>?)"])(
    "a recursion without end: %s",
    (expression) => {
      expect(errorOf(() => patterns.compile(expression)).message).toContain("never ends");
    },
  );

  test("patterns that double each other end in an error, not in the memory", () => {
    const lines = Array.from({ length: 40 }, (_, i) => `P${i} %{P${i + 1}}%{P${i + 1}}`);
    const error = errorOf(() => library(`${lines.join("\n")}\nP40 x`).compile("%{P0}"));
    expect(error.message).toContain("too large");
  });
});

describe("reads expressions as Ruby does", () => {
  const patterns = new PatternLibrary();
  test.each([
    ["^b(?<x>.*)$", "a\nb\nc", { x: "\nc" }],
    ["(?<x>\\h+)", "xyzcafe!", { x: "cafe" }],
    ["(?<x>\\w+)", "äbc", { x: "bc" }],
    ["(?<x>[[:alpha:]]+)", "1äbc", { x: "äbc" }],
    ["\\b(?<x>[a-z]+)", "äbc def", { x: "def" }],
    ["(?<x>\\d+)", "٣4", { x: "4" }],
    ["(?<x>(?>a+))b", "aab", { x: "aa" }],
    ["(?i)(?<x>straße)", "STRASSE", { x: "STRASSE" }],
    ["(?i:(?<x>ss))", "ß", { x: "ß" }],
    ["(?:(?<a>x)|(?<b>y))*", "xy", { a: "x", b: "y" }],
    ["(?<q>[\"']).*?\\k<q>", "a 'b\" c' d", { q: "'" }],
    ["(?<p>\\((?:[^()]|\\g<p>)*\\))", "f(a(b)c)d", { p: "(a(b)c)" }],
    ["(?<x>a)?(?(<x>)b|c)", "ac", {}],
    ["(?<x>.*?)?b", "bb", {}],
  ])("%s on %s", (expression, text, expected) => {
    expect(patterns.compile(expression).match(text)).toEqual(expected);
  });

  test("a text too long for one engine gives no error", () => {
    const grok = patterns.compile("(?<x>(?:(?:a|b)c?)*)$");
    const fields = grok.match("ab".repeat(500_000));
    expect(fields === null || fields["x"] === "ab".repeat(500_000)).toBe(true);
  });
});
