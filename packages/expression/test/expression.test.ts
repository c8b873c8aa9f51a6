import type { Event, Value } from "@sluice/core";
import { compileExpression, compileValue, ExpressionError, fieldsOf, slowPatterns } from "@sluice/expression";
import {
  type Arbitrary,
  assert,
  constantFrom,
  jsonValue,
  letrec,
  oneof,
  property,
  record,
  string,
  tuple,
} from "fast-check";
import { describe, expect, test } from "vitest";

const EVENT: Event = {
  "@timestamp": "2017-01-10T23:06:27.123456Z",
  message: 'GET /api/x "q" ü',
  "url.path": "/api/x",
  "http.response.status_code": 404,
  "http.response.body.bytes": "-",
  "event.duration": 0.25,
  "user.name": "Admin",
  "labels.my-label": "a",
  "odd name": 1,
  constructor: "own",
  tags: ["slow", "_parse_failure"],
  numbers: [1, 2, 3],
  nothing: null,
  yes: true,
  no: false,
  nested: { inner: { list: [{ x: 5 }], text: "t" } },
};

describe("conditions", () => {
  test.each([
    ['url.path == "/api/x"', true],
    ['url.path == "/healthz"', false],
    ['url.path != "/healthz"', true],
    ["http.response.status_code >= 400", true],
    ["http.response.status_code == 404", true],
    ["http.response.status_code == 404.0", true],
    ["http.response.status_code in [403, 404]", true],
    ["http.response.status_code in [403]", false],
    ["event.duration < 1", true],
    ["event.duration * 4 == 1", true],
    ['"slow" in tags', true],
    ['!("fast" in tags)', true],
    ['message.contains("/api")', true],
    ["message.contains('\"q\"')", true],
    ['url.path.startsWith("/api")', true],
    ['url.path.endsWith("/x")', true],
    ['url.path.matches("^/api/[a-z]$")', true],
    ['user.name.matches("(?i)^admin$")', true],
    ['user.name.matches("(?P<all>.*)")', true],
    ['message.matches("\\\\_")', false],
    ['message.matches(r"\\bü$")', false],
    ["has(user.name)", true],
    ["has(user.id)", false],
    ["has(tags)", true],
    ['has(self["@timestamp"])', true],
    ['self["@timestamp"] > "2017"', true],
    ['self["odd name"] == 1', true],
    ['labels["my-label"] == "a"', true],
    ["yes && !no", true],
    ["yes ? no : yes", false],
    ["no ? no : yes", true],
    ["size(tags) == 2 && tags.size() == 2", true],
    ["size(message) == 16", true],
    ["nothing == null", true],
    ["nothing != 1", true],
    ["nested.inner.list[0].x == 5", true],
    ['nested["inner"].text == "t"', true],
    ["nested.inner.list[1].x == 5", false],
    ['"inner" in nested', true],
    ["numbers == [1, 2, 3]", true],
    ['tags.exists(t, t.startsWith("_"))', true],
    ["numbers.all(n, n > 0)", true],
    ["numbers.exists_one(n, n > 2)", true],
    ["numbers.filter(n, n > 1).map(n, n * 2) == [4, 6]", true],
    ["numbers.map(n, n > 1, n + 1) == [3, 4]", true],
    ["numbers.exists(a, numbers.exists(a, a == 3) && numbers.exists(b, b == a + 2))", true],
    ["nested.exists(key, key == 'inner')", true],
    ["cel.bind(n, size(tags), n == 2)", true],
    ['user.name.lowerAscii() == "admin"', true],
    ['user.name.upperAscii() == "ADMIN"', true],
    ['url.path.substring(1, 4) == "api"', true],
    ['url.path.split("/")[2] == "x"', true],
    ['tags.join("+") == "slow+_parse_failure"', true],
    ['url.path.indexOf("x") == 5 && url.path.lastIndexOf("/") == 4', true],
    ['timestamp(self["@timestamp"]).getHours() >= 22', true],
    ['timestamp(self["@timestamp"]) < timestamp("2018-01-01T00:00:00Z")', true],
    ["1 + 2 * 3 == 7 && 7 % 4 == 3 && -numbers[0] == -1", true],
    ["7 / 2 == 3", false],
    ["1 + 0.5 == 3 / 2.0", true],
    ['{"a": [1]} == {"a": [1]}', true],
    ["constructor == 'own'", true],
  ])("%s is %s", (source, expected) => {
    expect(compileExpression(source)(EVENT)).toBe(expected);
  });
});

describe("what is absent or does not fit is false, never an error", () => {
  test.each([
    "absent == 1",
    "absent != 1",
    "absent == null",
    "absent < 1",
    "absent >= 1",
    "1 in absent",
    "absent in tags",
    'absent.contains("x")',
    "message.contains(absent)",
    'absent.matches("")',
    "absent && true",
    "absent",
    "a.b.c.d == 1",
    "message.deep == 1",
    "toString == 1",
    "has(toString)",
    "has(a.__proto__)",
    "nested.toString == 1",
    "nested.inner.list.length == 1",
    "absent == absent",
    "absent != absent",
    "size(absent) == 0",
    "size(absent) != 0",
    "absent + 1 == 1",
    "absent[0] == 1",
    "numbers[-1] == 1",
    "numbers[0.5] == 1",
    "absent.all(x, true)",
    "message.exists(x, true)",
    "message < 1",
    "message >= 1",
    "message == 404",
    "url.path in message",
    '"x" in message',
    "1 / 0 > 1",
    "1 % 0 == 0",
    "int(message) == 0",
    "bool(message)",
    "timestamp(message) < timestamp(0)",
    "message",
    "message && message",
    "1 < yes",
    "http.response.body.bytes > 100",
    'url.path.substring(3, 900) == ""',
    'url.path.indexOf("x", absent) == 5',
  ])("%s", (source) => {
    expect(compileExpression(source)(EVENT)).toBe(false);
  });

  test.each([
    "!(absent == 1)",
    "!absent",
    "a.b == 1 || http.response.status_code == 404",
    "http.response.status_code == 404 || a.b == 1",
    "absent ? false : true",
    "http.response.body.bytes != 0",
  ])("%s holds", (source) => {
    expect(compileExpression(source)(EVENT)).toBe(true);
  });

  test("a value nested deeper than the stack", () => {
    const nest = (): Value => {
      let deep: Value = 1;
      for (let i = 0; i < 100_000; i++) deep = [deep];
      return deep;
    };
    expect(compileExpression("a == b")({ a: nest(), b: nest() })).toBe(false);
  });
});

describe("values", () => {
  test.each<[string, Value | undefined]>([
    ['"a" + user.name', "aAdmin"],
    ["http.response.status_code / 8", 50.5],
    ['user.name == "x" ? "yes" : "no"', "no"],
    ['yes ? 1 : "one"', 1],
    ["absent", undefined],
    ["absent + 1", undefined],
    ["string(http.response.status_code)", "404"],
    ['int("12") + int(1.9)', 13],
    ['double("1.5")', 1.5],
    ["[absent, 1]", [null, 1]],
    ['{"k": user.name}', { k: "Admin" }],
    ['timestamp("2017-01-10T13:06:27-03:00")', "2017-01-10T16:06:27.000Z"],
    ["tags.filter(t, t != 'slow')", ["_parse_failure"]],
    ['"x".matches("x")', true],
    ["null", null],
    ["1e308 * 10.0", undefined],
  ])("%s", (source, expected) => {
    expect(compileValue(source)(EVENT)).toEqual(expected);
  });
});

describe("fields", () => {
  test.each([
    ['a.b.c == 1 || "x" in tags', ["a.b.c", "tags"]],
    ['self["@timestamp"] > labels["x"]', ["@timestamp", "labels.x"]],
    ["tags.exists(t, t.name == other)", ["other", "tags"]],
    ["has(user.name) && a[0].b == 1", ["a", "user.name"]],
    ["1 == 1", []],
  ])("%s", (source, fields) => {
    expect(fieldsOf(source)).toEqual(fields);
  });
});

describe("errors say what, where and what to do", () => {
  test.each([
    ["", "the expression is empty at column 1 of the expression", undefined],
    ["a ==", "the expression ends too early at column 5 of the expression", "unexpected token: EOF"],
    ["(a", "the expression ends too early at column 3 of the expression", "expected RPAREN, got EOF"],
    ["status = 3", 'unexpected "=" at column 8 of the expression', 'compare with "=="'],
    ["a == 1 and b", 'unexpected "and" at column 8 of the expression', 'write "&&"'],
    ["a & b", 'unexpected "&" at column 3 of the expression', 'write "&&"'],
    [
      "@timestamp > 1",
      'unexpected "@" at column 1 of the expression',
      'write self["@timestamp"] for a field whose name is not a plain word',
    ],
    ["package.name == 1", '"package" is a reserved word at column 1 of the expression', 'write self["package.…"]'],
    ['a == 1 && "x" < 1', "the types never fit: string < int at column 11 of the expression", undefined],
    [
      'type == "x"',
      "the types never fit: type == string at column 1 of the expression",
      'a field called like a type (type, string, int…) is written self["type"]',
    ],
    ['"abc"', "a condition must be true or false, this is a string at column 1 of the expression", undefined],
    ["self == 1", '"self" is the event itself, not a value at column 1 of the expression', 'write self["field name"]'],
    ['a.matches("(")', "bad regular expression: Unterminated group at column 11 of the expression", undefined],
    [
      "a.matches(b)",
      "matches() takes one pattern, written out at column 1 of the expression",
      'write url.path.matches("^/api/")',
    ],
    ["has(1)", "has() takes one field at column 1 of the expression", "write has(user.name)"],
    ["a.contains()", "contains() takes 1 arguments, not 0 at column 1 of the expression", undefined],
    [
      "true ||\n a == 9007199254740993",
      "an integer beyond 2^53 at line 2, column 7 of the expression",
      "events hold such numbers as strings: compare with a string",
    ],
    ['a == b"x"', "bytes are not part of this language at column 6 of the expression", "use a string"],
  ])("%j", (source, message, hint) => {
    const error = failure(source);
    expect(error.message).toBe(message);
    expect(error.hint).toBe(hint);
    expect(error.code).toBe("SLUICE_EXPRESSION");
  });

  test("an unknown function names the known ones", () => {
    expect(failure("foo(a)").message).toBe("unknown function foo() at column 1 of the expression");
    expect(failure("foo(a)").hint).toContain("has, size");
    expect(failure("constructor(a)").message).toContain("unknown function constructor()");
    expect(failure("a.toString()").hint).toContain("matches, contains");
  });

  test("a chain of operators or brackets without end is refused, not a full stack", () => {
    expect(failure(`${"a || ".repeat(5000)}a`).message).toContain("exceeded");
    expect(failure(`${"(".repeat(5000)}a`).message).toContain("exceeded");
    expect(failure(`${"!".repeat(50_000)}a`)).toBeInstanceOf(ExpressionError);
  });
});

describe("slow patterns", () => {
  test("are found", async () => {
    const warnings = await slowPatterns('a.matches("^(a+)+$") || b.matches("^/api/[a-z]+$")');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('matches("^(a+)+$") can take exponential time, e.g. on ');
  });

  test("are not seen where there are none", async () => {
    expect(await slowPatterns('a.matches("(?i)^x*$") && b == 1')).toEqual([]);
  });
});

describe("any input", () => {
  const words = ["a", "a.b", "tags", "1", '"x"', "null", "true", "[1]", "{}", "has(a)", "size(a)", 'a["x"]', "a[0]"];
  const operators = ["==", "!=", "<", ">=", "in", "+", "-", "*", "/", "%", "&&", "||"];
  const operand = constantFrom(...words);
  const tree = letrec<{ node: string }>((tie) => ({
    node: oneof(
      { maxDepth: 4 },
      operand,
      tuple(tie("node"), constantFrom(...operators), tie("node")).map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie("node").map((a) => `!${a}`),
      tuple(tie("node"), tie("node"), tie("node")).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    ),
  })).node;
  const value = jsonValue({ maxDepth: 2 });
  const anyEvent = record({ a: value, "a.b": value, tags: value }, { requiredKeys: [] }) as Arbitrary<Event>;

  test("compiles or throws an ExpressionError; what compiles never throws", { timeout: 600_000 }, () => {
    assert(
      property(oneof(tree, string(), string({ unit: "binary" })), anyEvent, (source, event) => {
        let run: (event: Event) => Value | undefined;
        try {
          run = compileValue(source);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
          return;
        }
        expect(() => JSON.stringify(run(event))).not.toThrow();
      }),
      { numRuns: 1000 },
    );
  });
});

function failure(source: string): ExpressionError {
  try {
    compileExpression(source);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${source} compiled`);
}
