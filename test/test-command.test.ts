import { describe, expect, test } from "vitest";
import { runSluice } from "./support/process.ts";
import { Workspace } from "./support/workspace.ts";

const LINE = '203.0.113.7 - - [10/Jan/2017:13:06:27 -0300] "GET /x HTTP/1.1" 404 0 "-" "curl/8"';
const HEAD = "sources: {in: {type: stdin}}\nsteps:\n  - parse: nginx\nsinks: {out: {type: stdout}}\n";

async function run(tests: string) {
  await using work = await Workspace.create();
  const file = await work.write("some.yaml", `${HEAD}tests:\n${tests}`);
  const { code, stdout } = await runSluice(["test", file]);
  return { code, lines: stdout.split("\n").slice(1) };
}

describe("a test that fails says", () => {
  test("what of a field is different, and what else explains it", async () => {
    const expected = "{url.pth: /x, http.response.status_code: '404', user_agent.original: curl/9}";
    const { code, lines } = await run(`  - {name: near, input: '${LINE}', expect: ${expected}}\n`);
    expect(code).toBe(1);
    expect(lines.slice(0, 9)).toEqual([
      "       url.pth:",
      '         - expected "/x"',
      "         + received nothing (the field is absent); did you mean `url.path`?",
      "       http.response.status_code:",
      '         - expected "404"',
      "         + received 404: a number, not a string",
      "       user_agent.original:",
      '         - expected "curl/9"',
      '         + received "curl/8"',
    ]);
    expect(lines[9]).toContain("the event has: @timestamp, ");
  });

  test("where two long texts begin to differ", async () => {
    const text = (word: string): string =>
      `this is a rather long line of text with a ${word} somewhere in its middle part`;
    const { lines } = await run(`  - input: ${text("difference")}\n    expect: {message: ${text("differense")}}\n`);
    expect(lines[1]).toBe('         - expected …text with a differense somewhere in its middle part"');
    expect(lines[2]).toBe('         + received …text with a difference somewhere in its middle part"');
  });

  test("what came out where something else was expected", async () => {
    const { lines } = await run("  - {input: [a, b], expect: [{message: a}]}\n  - {input: c, expect: null}\n");
    expect(lines[0]).toBe("       expected 1 results, got 2:");
    expect(lines[1]).toContain('+ {"message":"a",');
    expect(lines[2]).toContain('+ {"message":"b",');
    expect(lines[4]).toBe("       expected the event to be dropped, but it was kept:");
    expect(lines[5]).toContain('+ {"message":"c",');
    expect(lines[6]).toBe("0 passed, 2 failed");
  });
});

test("validate --connect says of each source and sink on one line whether it can be reached", async () => {
  await using work = await Workspace.create();
  await work.write("some.log", "");
  const file = await work.write(
    "tried.yaml",
    `sources:
  in: {type: stdin}
  log: {type: file, include: '*.log'}
  run: {type: exec, command: [no-such-program]}
sinks:
  out: {type: stdout}
  far: {type: gelf, address: 'tcp://127.0.0.1:1'}
  bus: {type: nats, servers: 'nats://127.0.0.1:1'}
`,
  );
  const { code, stdout, stderr } = await runSluice(["validate", "--connect", "--timeout", "60s", file]);
  expect(code).toBe(2);
  expect(stdout.replaceAll(file, "F").split("\n").sort()).toEqual([
    "",
    "F: sink `out`: nothing to try",
    "F: source `in`: nothing to try",
    "F: source `log`: ok",
  ]);
  expect(stderr.replaceAll(file, "F").split("\n")).toEqual([
    expect.stringMatching(/^F:4:3: source `run`: there is no program no-such-program \(/),
    expect.stringMatching(/^F:7:3: sink `far`: cannot connect to tcp:\/\/127\.0\.0\.1:1: .*REFUSED/),
    expect.stringMatching(/^F:8:3: sink `bus`: cannot connect to nats:\/\/127\.0\.0\.1:1: /),
    "",
  ]);
});
