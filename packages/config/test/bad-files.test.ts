import { describe, expect, test } from "vitest";
import { errorsIn } from "./helpers.ts";

/** Names of cases, the file, and what must be said about it: all of it, in order. */
type Cases = [name: string, file: string | Uint8Array, errors: string[]][];

const syntax: Cases = [
  ["nothing", "", ["1:1: the file is empty (a pipeline has sources, steps and sinks)"]],
  ["only a comment", "# x\n", ["1:1: the file is empty (a pipeline has sources, steps and sinks)"]],
  ["a list", "- a", ["1:1: a pipeline file must be a map, not a list"]],
  ["a word", "hello", ["1:1: a pipeline file must be a map, not a string"]],
  ["a tab", "sources:\n\ta: 1", ["2:1: tabs are not allowed as indentation (indent with spaces)"]],
  ["a key twice", "name: a\nname: b", ["2:1: duplicate key `name`"]],
  ["a quoted key twice", '{"name": "a",\n "name": "b"}', ["2:2: duplicate key `name`"]],
  [
    "two documents",
    "name: a\n---\nname: b",
    ["2:1: a second YAML document (one pipeline a file: put it into a file of its own)"],
  ],
  ["an unclosed list", "steps: [a", ["1:8: the bracket [ is not closed (close it with ])"]],
  [
    "a colon in plain text",
    "name: a: b",
    ["1:7: nested mappings are not allowed in compact mappings (text with a colon and a space needs quotes)"],
  ],
  [
    "a reserved sign",
    "name: @x",
    ["1:7: plain value cannot start with reserved character @ (put the text into quotes)"],
  ],
  [
    "a regular expression in double quotes",
    'name: "\\d"',
    ["1:8: invalid escape sequence \\d (in double quotes a backslash is written \\\\; single quotes take it as it is)"],
  ],
  [
    "a bare variable in brackets",
    "steps: [${A}/x, ${B}]",
    ["1:9: `${` inside of [ ] or { } must be in quotes (write '${VAR}')"],
  ],
  ["a tag", "name: !env x", ["1:7: unresolved tag: !env (tags are not used in pipeline files)"]],
  ["bytes", "name: !!binary aGk=", ["1:16: this is no plain value (tags are not used in pipeline files)"]],
  [
    "an alias without anchor",
    "name: *x",
    ["1:7: the anchor `x` is not defined above (text that begins with `*` needs quotes)"],
  ],
  ["an alias in its anchor", "steps: &x [*x]", ["1:12: the alias `x` is inside its own anchor"]],
  ["a large number", "name: 12345678901234567890", ["1:7: an integer beyond 2^53 loses digits (put it into quotes)"]],
  ["not a number", "name: .nan", ["1:7: this is no finite number (put it into quotes if it is text)"]],
  ["a list as key", "? [a]\n: b", ["1:3: with stringKeys, all keys must be strings"]],
  ["a merge of text", "<<: x\nname: a", ["1:5: `<<` takes a map, or a list of maps"]],
  [
    "bytes that are no UTF-8",
    new Uint8Array([97, 58, 10, 98, 0xff]),
    ["2:1: the file is not UTF-8 text (save it as UTF-8)"],
  ],
  ["UTF-16", new Uint8Array([0xff, 0xfe, 97, 0]), ["1:1: the file is not UTF-8 text (save it as UTF-8)"]],
  ["brackets without end", "[".repeat(100_000), ["1:1: collections are nested more than 100 deep"]],
];

const structure: Cases = [
  ["an unknown key", "sorces: {}", ["1:1: unknown key `sorces` (did you mean `sources`?)"]],
  ["a strange key", "zzz: 1", ["1:1: unknown key `zzz` (known: name, sinks, sources, steps, tests)"]],
  [
    "a name with a slash",
    "name: a/b",
    ["1:7: `a/b` cannot be a name (letters, digits, `_`, `.` and `-`, a letter or digit first)"],
  ],
  [
    "a name that is a list",
    "name: [a]",
    ["1:7: `name` must be text (letters, digits, `_`, `.` and `-`, a letter or digit first)"],
  ],
  ["sources as a list", "sources: [a]", ["1:10: `sources` must be a map, not a list"]],
  ["a source as text", "sources: {a: file}", ["1:14: source `a` must be a map, not a string"]],
  ["no type", "sources: {a: {include: [x]}}", ["1:14: source `a` has no `type` (known: file)"]],
  ["a type that is no text", "sinks: {a: {type: 1}}", ["1:19: `type` must be a string, not a number (known: gelf)"]],
  ["an unknown type", "sinks: {a: {type: gef}}", ["1:19: unknown sink type `gef` (did you mean `gelf`?)"]],
  [
    "a name with a space",
    "sources: {a b: {type: file, include: [x]}}",
    ["1:11: `a b` cannot be a name (letters, digits, `_`, `.` and `-`, a letter or digit first)"],
  ],
  [
    "steps as a map",
    "steps: {parse: a}",
    ["1:8: `steps` must be a list, not a map (a step is written `- parse: nginx`)"],
  ],
  [
    "a step as a word",
    "steps: [parse]",
    ["1:9: a step must be a map with one key, not a string (a step is written `- parse: nginx`)"],
  ],
  ["a step of nothing", "steps: [{when: a}]", ["1:9: this step does nothing (a step is written `- parse: nginx`)"]],
  [
    "two steps in one",
    "steps:\n  - parse: a\n    drop: b",
    ["2:5: one step has the keys `parse` and `drop` (give each step its own `-`)"],
  ],
  [
    "an option beside its step",
    "steps:\n  - parse: a\n    field: b",
    ["3:5: unknown key `field` (options of `parse` are indented below it)"],
  ],
  ["a misspelt when", "steps: [{parse: a, wen: b}]", ["1:20: unknown key `wen` (did you mean `when`?)"]],
  ["an unknown step", "steps: [{prase: a}]", ["1:10: unknown step `prase` (did you mean `parse`?)"]],
  ["a step that cannot be loaded", "steps: [{broken: a}]", ["1:10: step `broken` cannot be loaded: no such module"]],
  ["a when that is a list", "steps: [{drop: a, when: [b]}]", ["1:25: `when` must be an expression, not a list"]],
  ["tests as a map", "tests: {a: 1}", ["1:8: `tests` must be a list, not a map"]],
  [
    "a test without input",
    "tests: [{expect: null}]",
    [
      "1:9: `input` is missing (A line, several lines (a block of text or a list), or events as maps with at least a `message`; `after: 5m` between them lets time pass)",
    ],
  ],
  [
    "a test without expectation",
    "tests: [{input: a}]",
    [
      "1:9: `expect` is missing (Fields that the event must have; a list for several events; null when it must be dropped)",
    ],
  ],
  ["a test that is text", "tests: [a]", ["1:9: tests[0] must be a map, not a string"]],
  ["an expectation that is text", "tests: [{input: a, expect: b}]", ["1:28: `expect` must be a map, null or a list"]],
];

const file = (options: string): string => `sources:\n  a:\n    type: file\n    ${options}`;
const gelf = (options: string): string => `sinks:\n  g:\n    type: gelf\n    address: tcp://x\n    ${options}`;

const options: Cases = [
  [
    "a misspelt option",
    file("inclde: [x]"),
    ["3:5: `include` is missing (Globs of files to read)", "4:5: unknown key `inclde` (did you mean `include`?)"],
  ],
  ["a misspelt type key", file("include: [x]\n    typ: x"), ["5:5: unknown key `typ` (did you mean `type`?)"]],
  ["text for a list", file("include: x"), ["4:14: `include` must be a list, not a string"]],
  ["a number in a list of text", file("include: [a, 1]"), ["4:18: `include[1]` must be a string, not a number"]],
  ["an empty list", file("include: []"), ["4:14: `include` must not be empty"]],
  ["an option without value", file("include:"), ["4:13: `include` has no value (Globs of files to read)"]],
  [
    "a misspelt choice",
    file("include: [x]\n    start_at: begining"),
    ["5:15: `start_at` must be beginning or end (did you mean `beginning`?)"],
  ],
  [
    "a size without unit",
    file("include: [x]\n    max_line_bytes: 64"),
    ["5:21: `max_line_bytes` must be text with a unit, not a number (write 64KiB or 10MB)"],
  ],
  [
    "a size of nonsense",
    file("include: [x]\n    max_line_bytes: 64 Q"),
    ['5:21: `max_line_bytes`: "64 Q" is not a size: write 64KiB, 10MB or 512B'],
  ],
  ["yes for true", file("include: [x]\n    follow: yes"), ["5:13: `follow` must be true or false, not a string"]],
  [
    "a fraction of a whole number",
    file("include: [x]\n    workers: 1.5"),
    ["5:14: `workers` must be a whole number, not a number"],
  ],
  ["a number out of bounds", file("include: [x]\n    workers: 65"), ["5:14: `workers` must be 64 or less"]],
  [
    "mistakes in a nested map",
    file("include: [x]\n    multiline:\n      patern: a\n      timeout: 5"),
    [
      "6:7: `multiline.pattern` is missing (Expression that starts a record)",
      "6:7: unknown key `patern` (did you mean `pattern`?)",
      "7:16: `multiline.timeout` must be text with a unit, not a number (write 500ms or 5m)",
    ],
  ],
  ["a wrong form of a union", "steps: [{parse: {grokk: [a]}}]", ["1:18: unknown key `grokk` (did you mean `grok`?)"]],
  ["no form of a union", "steps: [{parse: 5}]", ["1:17: `parse` must be a string or a map"]],
  ["a mistake in a form of a union", "steps: [{parse: {grok: 5}}]", ["1:24: `grok` must be a list, not a number"]],
  ["a step without options", "steps: [{drop: }]", ["1:16: `drop` has no value (Expression)"]],
  ["a number or a word", gelf("port: x"), ["5:11: `port` must be a number or auto"]],
  [
    "a rejected address",
    gelf("rate: 1\n    tls: {verfy: 1}"),
    [
      "5:11: `rate` must be text with a unit, not a number (write 100/s)",
      "6:11: unknown key `verfy` (did you mean `verify`?)",
    ],
  ],
  ["a misspelt common option", gelf("bach: {}"), ["5:5: unknown key `bach` (did you mean `batch`?)"]],
  [
    "common options of all kinds",
    gelf("batch: {events: 0}\n    retry: {attempts: often}\n    buffer: {type: disk, size: 1KiB}\n    dead_letter: ''"),
    [
      "5:21: `batch.events` must be 1 or more",
      "6:23: `retry.attempts` must be a number or unlimited",
      "7:32: `buffer.size` must be at least 1MiB on disk",
      "8:18: `dead_letter` must not be empty",
    ],
  ],
];

describe.each<[string, Cases]>([
  ["syntax", syntax],
  ["structure", structure],
  ["options", options],
])("%s", (_name, cases) => {
  test.each(cases)("%s", async (_case, content, errors) => {
    expect(await errorsIn(content)).toEqual(errors);
  });
});

test("all mistakes of a file are told at once, in its order", async () => {
  const errors = await errorsIn(
    "nme: x\nsources:\n  a: {type: fil}\nsteps:\n  - prse: x\n  - drop: 1\nsinks:\n  g: {type: gelf}\n",
  );
  expect(errors).toEqual([
    "1:1: unknown key `nme` (did you mean `name`?)",
    "3:13: unknown source type `fil` (did you mean `file`?)",
    "5:5: unknown step `prse` (did you mean `parse`?)",
    "6:11: `drop` must be a string, not a number",
    "8:6: `address` is missing (Where Graylog listens)",
  ]);
});

test("a variable that is not set is the only complaint about what has no value because of it", async () => {
  const file =
    "sources: {a: {type: file, include: [x]}}\nsinks:\n  g: {type: gelf, address: '${NO_SUCH_VARIABLE:?say it}'}\n";
  expect(await errorsIn(file)).toEqual(["3:29: say it (set NO_SUCH_VARIABLE)"]);
});

test("aliases that multiply are refused before they fill the memory", async () => {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
  expect(await errorsIn(["l0: &l0 [x]", ...levels].join("\n"))).toEqual([
    "5:9: the file expands to more than 100000 values (its aliases multiply)",
  ]);
});

test("signs that would confuse a terminal, and text without end, are not printed", async () => {
  expect(await errorsIn('"\\e[31m\\n": 1')).toEqual([
    "1:1: unknown key `\ufffd[31m ` (known: name, sinks, sources, steps, tests)",
  ]);
  const [long] = await errorsIn(`${"k".repeat(5000)}: 1`);
  expect(long?.length).toBeLessThan(600);
});

test("a missing file", async () => {
  expect(await errorsIn("", { file: "/other.yaml" })).toHaveLength(1);
});

test("a file whose name cannot be a pipeline's", async () => {
  const errors = await errorsIn("sources: {}", { file: "/etc/my pipeline.yaml" });
  expect(errors).toEqual(["1:1: the file's name `my pipeline` cannot be the pipeline's (set `name:`)"]);
});
