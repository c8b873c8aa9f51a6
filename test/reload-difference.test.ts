import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { isError, loadPipelines } from "../packages/cli/src/pipelines.ts";
import { compare, keptSources } from "../packages/cli/src/reload/compare.ts";
import { type Desired, desiredOf } from "../packages/cli/src/reload/desired.ts";
import { Workspace } from "./support/workspace.ts";

const PATTERNS = { "/grok/own": "OWN \\d+\n" };

/** A pipeline file, read as `run` does. */
async function read(work: Workspace, name: string, text: string, patterns = PATTERNS): Promise<Desired> {
  const file = await work.write(`${name}.yaml`, text);
  const { specs, problems } = await loadPipelines([file], patterns, { diagnose: false });
  expect(problems.filter(isError)).toEqual([]);
  return desiredOf(specs[0] as Desired["spec"], patterns);
}

const TEXT = `sources:
  access: {type: file, include: [/var/log/access.log], exclude: [/var/log/old]}
  net: {type: tcp, address: '127.0.0.1:0'}
steps:
  - set: {a: '1', b: '2'}
sinks:
  out: {type: stdout}
`;

test("comments, tests, and the order of a source's options make no difference", async () => {
  await using work = await Workspace.create();
  const before = await read(work, "web", TEXT);
  const same = [
    `# a comment\n${TEXT}`,
    `${TEXT}tests:\n  - {name: t, input: x, expect: {message: x}}\n`,
    TEXT.replace(
      "include: [/var/log/access.log], exclude: [/var/log/old]",
      "exclude: [/var/log/old], include: [/var/log/access.log]",
    ),
    TEXT.replace("'1'", '"1"'),
    TEXT.replace("  net: {type: tcp, address: '127.0.0.1:0'}\n", "").replace(
      "sources:\n",
      "sources:\n  net: {type: tcp, address: '127.0.0.1:0'}\n",
    ),
  ];
  for (const text of same) expect((await read(work, "web", text)).identity).toBe(before.identity);
});

test("every other change is one, and only of what it touches", async () => {
  await using work = await Workspace.create();
  const before = await read(work, "web", TEXT);
  const changes: [string, string[]][] = [
    [TEXT.replace("old]", "older]"), ["net"]],
    [TEXT.replace(":0'", ":1'"), ["access"]],
    [TEXT.replace("type: tcp", "type: udp"), ["access"]],
    [TEXT.replace("  net:", "  net2:"), ["access"]],
    // Steps run in their order, and `set` sets in its own.
    [TEXT.replace("a: '1', b: '2'", "b: '2', a: '1'"), ["access", "net"]],
    [TEXT.replace("{type: stdout}", "{type: stdout, batch: {events: 5}}"), ["access", "net"]],
    [TEXT.replace("- set:", "- sanitize: off\n  - set:"), ["access", "net"]],
  ];
  for (const [text, kept] of changes) {
    expect(text).not.toBe(TEXT);
    const after = await read(work, "web", text);
    expect(after.identity).not.toBe(before.identity);
    expect([...keptSources(before, after)]).toEqual(kept);
  }
});

test("what a pipeline uses is a part of it: secrets, grok patterns, certificates", async () => {
  await using work = await Workspace.create();
  const secret = await work.write("secret", "one");
  const withSecret = TEXT.replace("'1'", `'\${file:${secret}}'`);
  const first = await read(work, "web", withSecret);
  await writeFile(secret, "two");
  expect((await read(work, "web", withSecret)).identity).not.toBe(first.identity);
  expect(JSON.stringify([first.identity, [...first.sources]])).not.toContain("one");

  const parsing = TEXT.replace("- set:", "- parse: {grok: ['%{OWN:n}']}\n  - set:");
  const other = { "/grok/own": "OWN \\w+\n" };
  expect((await read(work, "web", parsing, other)).identity).not.toBe((await read(work, "web", parsing)).identity);
  expect((await read(work, "web", TEXT, other)).identity).toBe((await read(work, "web", TEXT)).identity);

  await work.write("cert.pem", "a certificate");
  const tls = TEXT.replace(":0'}", ":0', tls: {cert: cert.pem, key: cert.pem}}");
  const before = await read(work, "web", tls);
  expect(before.files).toContain(path.join(work.dir, "cert.pem"));
  await work.write("cert.pem", "a newer one");
  const after = await read(work, "web", tls);
  expect([...keptSources(before, after)]).toEqual(["access"]);
  expect(after.identity).not.toBe(before.identity);
});

test("pipelines are told apart by name", async () => {
  await using work = await Workspace.create();
  const all = await Promise.all(["a", "b", "c"].map((name) => read(work, name, TEXT)));
  const [a, b, c] = all as [Desired, Desired, Desired];
  const changed = await read(work, "b", TEXT.replace("'1'", "'3'"));
  const d = await read(work, "d", TEXT);
  const running = new Map([a, b, c].map((one) => [one.spec.name, one]));
  expect(compare(running, [d, changed, a])).toEqual({ added: [d], changed: [changed], removed: ["c"], unchanged: [a] });
  expect(compare(running, [a, b, c])).toEqual({ added: [], changed: [], removed: [], unchanged: [a, b, c] });
});
