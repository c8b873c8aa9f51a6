import { describe, expect, test } from "vitest";
import { fakeRegistry, sanitizeStep } from "./fakes.ts";
import { load, problemsOf } from "./helpers.ts";

const GOOD = `
name: web
sources:
  access:
    type: file
    include: ['\${LOGS:-/var/log}/*.log']
steps:
  - parse: nginx
  - drop: url.path == "/healthz"
    when: has(url.path)
  - set: {service.name: web, labels.env: '\${ENVIRONMENT:-production}'}
  - dedupe:
sinks:
  graylog:
    type: gelf
    address: tcp://graylog:12201
    when: http.response.status_code >= 400
    batch: {events: 10, bytes: 64KiB}
    retry: {attempts: 3}
    buffer: {type: disk, size: 1GiB, when_full: drop_oldest}
    dead_letter: dead.ndjson
tests:
  - name: two lines
    input: |
      one
      two
    expect: [{url.path: /x, code: 404}, null]
  - input: [{message: x, n: 1}]
    expect:
`;

describe("a good file", () => {
  test("becomes a pipeline with defaults filled in and options as written", async () => {
    const { spec, problems } = await load(GOOD);
    expect(problems).toEqual([]);
    expect(spec).toEqual({
      name: "web",
      file: "/etc/sluice/web-logs.yaml",
      baseDir: "/etc/sluice",
      sources: [{ name: "access", type: "file", options: { include: ["/var/log/*.log"] } }],
      steps: [
        { type: "parse", options: "nginx" },
        { type: "drop", options: 'url.path == "/healthz"', when: "has(url.path)" },
        { type: "set", options: { "service.name": "web", "labels.env": "production" } },
        { type: "dedupe", options: {} },
      ],
      sinks: [
        {
          name: "graylog",
          type: "gelf",
          options: { address: "tcp://graylog:12201" },
          when: "http.response.status_code >= 400",
          batch: { events: 10, bytes: 65_536, age: 200 },
          retry: { initial: 500, max: 30_000, attempts: 3 },
          buffer: { type: "disk", size: 1_073_741_824, when_full: "drop_oldest", compression: "none" },
          dead_letter: "/etc/sluice/dead.ndjson",
        },
      ],
      tests: [
        { name: "two lines", input: ["one", "two"], expect: [{ "url.path": "/x", code: 404 }, null], line: 23 },
        { name: "test 2", input: [{ message: "x", n: 1 }], expect: null, line: 28 },
      ],
    });
  });

  test("sinks wait and repeat without end unless told otherwise", async () => {
    const { spec } = await load("sinks: {g: {type: gelf, address: 'tcp://x'}}");
    expect(spec?.sinks[0]).toMatchObject({
      batch: { events: 10_000, bytes: 1_048_576, age: 200 },
      retry: { initial: 500, max: 30_000, attempts: "unlimited" },
      buffer: { type: "memory", size: 16_777_216, when_full: "block" },
    });
  });

  test("may be JSON with tabs, have a byte order mark, and CRLF line ends", async () => {
    const json = '{\r\n\t"sources": {"a": {"type": "file",\r\n\t"include": ["x"]}}}';
    expect((await load(`\ufeff${json}`, { file: "a.json" })).spec?.sources[0]?.options).toEqual({ include: ["x"] });
  });

  test("takes its name from the file", async () => {
    expect((await load("sinks: {}")).spec?.name).toBe("web-logs");
    expect((await load("name: 7")).spec?.name).toBe("7");
  });

  test("may share parts by anchors, aliases and merge keys", async () => {
    const { spec, problems } = await load(`
sources:
  a: &a {type: file, include: [x], poll: 1s}
  b: {<<: *a, poll: 2s}
  c: *a
sinks: {g: {type: gelf, address: 'tcp://x'}}`);
    expect(problems).toEqual([]);
    expect(spec?.sources.map(({ options }) => options)).toEqual([
      { include: ["x"], poll: "1s" },
      { poll: "2s", include: ["x"] },
      { include: ["x"], poll: "1s" },
    ]);
  });

  test("with a field called __proto__ sets that field and no prototype", async () => {
    const { spec } = await load("steps: [{set: {__proto__: {polluted: 1}}}]");
    expect(Object.keys(spec?.steps[0]?.options ?? {})).toEqual(["__proto__"]);
    expect("polluted" in {}).toBe(false);
  });
});

describe("the sanitizer", () => {
  const registry = fakeRegistry(sanitizeStep);

  test("is added as the last step", async () => {
    const { spec } = await load("steps: [{parse: nginx}]", { registry });
    expect(spec?.steps).toEqual([
      { type: "parse", options: "nginx" },
      { type: "sanitize", options: "default" },
    ]);
  });

  test("is not added where there is one, also an `off`", async () => {
    const { spec } = await load("steps: [{sanitize: off}, {parse: nginx}]", { registry });
    expect(spec?.steps[0]).toEqual({ type: "sanitize", options: "off" });
    expect(spec?.steps).toHaveLength(2);
  });
});

describe("gaps are warnings, because replay, parse and test do without", () => {
  test.each([
    ["name: x", ["1:1: warning: the pipeline has no sinks", "1:1: warning: the pipeline has no sources"]],
    ["sources: {}\nsinks:", ["1:1: warning: the pipeline has no sources", "2:1: warning: the pipeline has no sinks"]],
  ])("%j", async (text, expected) => {
    const { spec, problems } = await load(text);
    expect(spec).toBeDefined();
    const hint = " (sluice run needs at least one source and one sink)";
    expect(problemsOf(problems).sort()).toEqual(expected.map((line) => line + hint));
  });
});
