import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runSluice } from "./support/process.ts";
import { Workspace } from "./support/workspace.ts";

const COMMANDS = [
  "run",
  "replay",
  "validate",
  "explain",
  "new",
  "test",
  "check",
  "parse",
  "sanitize",
  "receive",
  "generate",
  "schema",
  "demo",
  "tap",
  "top",
  "graph",
];

describe.each(COMMANDS)("sluice %s", (command) => {
  test("--help explains it with an example, on stdout", async () => {
    const { code, stdout, stderr } = await runSluice([command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Usage: sluice ${command}`);
    expect(stdout).toContain(`Example:\n  `);
  });

  test("an unknown option is wrong usage", async () => {
    const { code, stdout, stderr } = await runSluice([command, "--no-such-option"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    // Where something is required, that it is missing is told first.
    expect(stderr).toMatch(/--no-such-option|required option/);
  });
});

test("--version prints the version", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../packages/cli/package.json", import.meta.url), "utf8"));
  expect(await runSluice(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  expect(await runSluice(["-v"])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

test("no command, or an unknown one, is wrong usage", async () => {
  expect(await runSluice([])).toMatchObject({ code: 2, stdout: "" });
  const { code, stderr } = await runSluice(["flow"]);
  expect(code).toBe(2);
  expect(stderr).toContain("unknown command 'flow'");
});

describe("parse", () => {
  const line = '203.0.113.7 - - [10/Jan/2017:13:06:27 -0300] "GET /x HTTP/1.1" 404 0 "-" "curl/8"';

  test("prints what it read as NDJSON, and nothing else", async () => {
    const { code, stdout, stderr } = await runSluice(["parse", "--parser", "nginx"], {
      input: `${line}\r\nnonsense\n`,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [event, failed, ...rest] = stdout
      .trimEnd()
      .split("\n")
      .map((text) => JSON.parse(text));
    expect(event).toMatchObject({ message: line, "url.path": "/x", "http.response.status_code": 404 });
    expect(event["@timestamp"]).toBe("2017-01-10T16:06:27.000Z");
    expect(failed).toEqual({ message: "nonsense", tags: ["_parse_failure"] });
    expect(rest).toEqual([]);
  });

  test("takes patterns of its own, over the built-in ones, and the first that matches wins", async () => {
    await using work = await Workspace.create();
    const patterns = await work.write("mine", "WORD [a-c]+\nPAIR %{WORD:left}-%{INT:[number][value]:int}\n");
    const args = ["parse", "--grok", "^%{PAIR}$", "--grok", "^%{WORD:only}", "--patterns", patterns];
    const { stdout } = await runSluice(args, { input: "abc-12\nab!\nxyz-1\n" });
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((text) => JSON.parse(text)),
    ).toEqual([
      { message: "abc-12", left: "abc", "number.value": 12 },
      { message: "ab!", only: "ab" },
      { message: "xyz-1", tags: ["_parse_failure"] },
    ]);
  });

  test("a line on which the pattern hangs is passed on, and those after it are parsed", async () => {
    const hangs = `${"a".repeat(50_000)}b`;
    const { code, stdout } = await runSluice(["parse", "--grok", "^(a+)+$"], { input: `a\n${hangs}\nb\naaa\n` });
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((text) => JSON.parse(text)),
    ).toEqual([
      { message: "a" },
      { message: hangs, tags: ["_timeout"] },
      { message: "b", tags: ["_parse_failure"] },
      { message: "aaa" },
    ]);
  });

  test("a line much longer than what is read at once stays whole", async () => {
    const long = "ä€".repeat(1_000_000);
    const { stdout } = await runSluice(["parse", "--grok", "^last"], { input: `${long}\r\n\nlast` });
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((text) => JSON.parse(text).message),
    ).toEqual([long, "", "last"]);
  });

  test("--ecs-nested prints objects", async () => {
    const { stdout } = await runSluice(["parse", "--grok", "%{WORD:[a][b]}", "--ecs-nested"], { input: "word\n" });
    expect(JSON.parse(stdout)).toEqual({ message: "word", a: { b: "word" } });
  });

  test("objects over several lines are one event each", async () => {
    const input =
      '{\n "time": "2017-01-01T02:06:49", "remote_addr": "8.8.8.8",\n "status": "403" }\n{ "status": "200" }\n';
    const { stdout } = await runSluice(["parse", "--parser", "nginx_json_pretty"], { input });
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((text) => JSON.parse(text));
    expect(events.map((event) => event["http.response.status_code"])).toEqual([403, 200]);
  });

  test.each([
    [["parse"], "--parser NAME or --grok PATTERN"],
    [["parse", "--parser", "nginks"], "unknown parser `nginks` (did you mean `nginx`?)"],
    [["parse", "--parser", "nginx", "--grok", "x"], "exclude each other"],
    [["parse", "--grok", "%{NOSUCH:x}"], "NOSUCH"],
    [["parse", "--grok", "("], "("],
    [["parse", "--parser", "nginx", "--patterns", "/no/such/place"], "/no/such/place"],
  ])("%j is wrong usage and says why", async (args, why) => {
    const { code, stdout, stderr } = await runSluice(args, { input: "x\n" });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(why);
  });

  test("every pattern that is wrong is named, not only the first", async () => {
    const { code, stderr } = await runSluice(["parse", "--grok", "%{NOSUCH:x}", "--grok", "ok", "--grok", "(?<a"]);
    expect(code).toBe(2);
    expect(stderr.trimEnd().split("\n")).toEqual([expect.stringContaining("NOSUCH"), expect.stringContaining("(?<")]);
  });
});

describe("generate", () => {
  test.each(["0", "0/s", "-1/s", "fast"])("a rate of %s is wrong usage", async (rate) => {
    const { code, stdout } = await runSluice(["generate", "nginx", "--count", "1", `--rate=${rate}`]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("the same seed gives the same lines, another one others", async () => {
    const first = await runSluice(["generate", "nginx", "--count", "50", "--seed", "3"]);
    const again = await runSluice(["generate", "nginx", "--count", "50", "--seed", "3"]);
    const other = await runSluice(["generate", "nginx", "--count", "50", "--seed", "4"]);
    expect(first.stdout.split("\n")).toHaveLength(51);
    expect(again.stdout).toBe(first.stdout);
    expect(other.stdout).not.toBe(first.stdout);
  });

  test.each([
    ["nginx", "nginx"],
    ["nginx-json", "nginx"],
    ["auth", "auth"],
  ])("%s traffic is what the parser %s reads", async (kind, parser) => {
    const { stdout } = await runSluice(["generate", kind, "--count", "2000"]);
    const parsed = await runSluice(["parse", "--parser", parser], { input: stdout });
    const failed = parsed.stdout.split("\n").filter((line) => line.includes("_parse_failure"));
    expect(failed).toEqual([]);
  });

  test("the Laboratory's objects over several lines are what nginx_json_pretty reads", async () => {
    const { stdout } = await runSluice(["generate", "nginx-json", "--pretty", "--count", "500"]);
    expect(stdout.startsWith('{ \n \t"time": "2026-01-05T:6:25:7", \n \t"remote_addr": "')).toBe(true);
    const parsed = await runSluice(["parse", "--parser", "nginx_json_pretty"], { input: stdout });
    const events = parsed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toHaveLength(500);
    expect(events.filter((event) => "tags" in event)).toEqual([]);
    expect(events[0]).toMatchObject({ "@timestamp": "2026-01-05T06:25:07.000Z", "event.dataset": "nginx.access" });
  });

  test("other traffic has no such form", async () => {
    const { code, stderr } = await runSluice(["generate", "auth", "--pretty", "--count", "1"]);
    expect(code).toBe(2);
    expect(stderr).toContain("nginx-json has");
  });
});

describe("validate and test", () => {
  const good = `sources: {in: {type: stdin}}\nsteps: [{parse: nginx}]\nsinks: {out: {type: stdout}}\n`;

  test("name every mistake with its place, and end with 2", async () => {
    await using work = await Workspace.create();
    const file = await work.write(
      "bad.yaml",
      "sources:\n  a: {type: file, inclde: [/x]}\nsteps:\n  - parse: nginks\n  - drop: 'url.path =='\nsinks:\n  g: {type: gelf, adress: tcp://h:1}\n",
    );
    const { code, stdout, stderr } = await runSluice(["validate", file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    const places = stderr.split("\n").map((line) => line.replace(file, "").split(" ")[0]);
    expect(stderr).toContain("did you mean `include`");
    expect(stderr).toContain("did you mean `address`");
    for (const line of [2, 4, 5, 7]) expect(places.some((place) => place?.startsWith(`:${line}:`))).toBe(true);
    expect((await runSluice(["run", file])).code).toBe(2);
  });

  test("every grok pattern that is wrong is shown at its own place", async () => {
    await using work = await Workspace.create();
    const steps = "steps:\n  - parse:\n      grok:\n        - '%{NOSUCH:x}'\n        - '%{WORD:x}'\n        - '(?<a'\n";
    const file = await work.write(
      "grok.yaml",
      good.replace("steps: [{parse: nginx}]\n", () => steps),
    );
    const { code, stderr } = await runSluice(["validate", file]);
    expect(code).toBe(2);
    expect(stderr).toContain("grok.yaml:5:11: ");
    expect(stderr).toContain("grok.yaml:7:11: ");
  });

  test("all paths that cannot be read are named", async () => {
    const { code, stderr } = await runSluice(["validate", "/no/such/a.yaml", "/no/such/b.yaml"]);
    expect(code).toBe(2);
    expect(stderr).toContain("/no/such/a.yaml");
    expect(stderr).toContain("/no/such/b.yaml");
  });

  test("a pattern that can backtrack exponentially is a warning that names it", async () => {
    await using work = await Workspace.create();
    const file = await work.write(
      "slow.yaml",
      good.replace("parse: nginx", () => "parse: {grok: '^%{DATA:x} (a+)+$'}"),
    );
    const { code, stderr } = await runSluice(["validate", file]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/slow\.yaml:2:\d+: warning: .*\(a\+\)\+/);
    expect((await runSluice(["validate", "--strict", file])).code).toBe(2);
  });

  test("a failing test shows what was expected and what came, and ends with 1", async () => {
    await using work = await Workspace.create();
    const tests = `tests:\n  - name: wrong\n    input: hello\n    expect: {message: bye}\n  - name: right\n    input: hello\n    expect: {message: hello}\n`;
    const file = await work.write("t.yaml", good + tests);
    const { code, stdout } = await runSluice(["test", file]);
    expect(code).toBe(1);
    expect(stdout).toContain('- expected "bye"');
    expect(stdout).toContain('+ received "hello"');
    expect(stdout).toContain("1 passed, 1 failed");
  });

  test("schema prints a JSON Schema that knows the components", async () => {
    const { code, stdout } = await runSluice(["schema"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ $schema: expect.stringContaining("2020-12") });
    for (const type of ["gelf", "stdout", "file", "parse"]) expect(stdout).toContain(`"${type}"`);
  });
});

describe("demo", () => {
  test("never removes what is not its own", async () => {
    await using work = await Workspace.create();
    const precious = await work.write("precious.txt", "mine");
    const { code, stderr } = await runSluice(["demo", "--dir", work.dir, "--for", "1s"]);
    expect(code).toBe(2);
    expect(stderr).toContain("left alone");
    expect(readFileSync(precious, "utf8")).toBe("mine");
  });
});

describe("receive", () => {
  test("a certificate that cannot be read is wrong usage", async () => {
    const args = [
      "receive",
      "gelf",
      "--listen",
      "tls://127.0.0.1:0",
      "--cert",
      "/no/such.pem",
      "--key",
      "/no/such.pem",
    ];
    const { code, stderr } = await runSluice(args);
    expect(code).toBe(2);
    expect(stderr).toContain("--cert: cannot read the file");
  });
});

describe("run", () => {
  test("reads stdin, writes NDJSON to stdout, and keeps its own log to stderr", async () => {
    await using work = await Workspace.create();
    const file = await work.write(
      "p.yaml",
      "sources: {in: {type: stdin}}\nsteps: [{parse: logfmt}, {drop: 'level == \"debug\"'}]\nsinks: {out: {type: stdout}}\n",
    );
    const input = "level=info a=1\nlevel=debug a=2\nlevel=warn a=3";
    const { code, stdout, stderr } = await runSluice(["run", file, "--state-dir", work.path("state")], { input });
    expect(code).toBe(0);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map((event) => event.message)).toEqual(["level=info a=1", "level=warn a=3"]);
    expect(stderr).toContain("in 3 = delivered 2 + dropped 1 (drop 1) + buffered 0");
  });

  test("a second sluice on the same state directory is refused at once", async () => {
    await using work = await Workspace.create();
    const file = await work.write(
      "p.yaml",
      `sources: {f: {type: file, include: ['${work.dir}/*.log']}}\nsinks: {out: {type: stdout}}\n`,
    );
    const { startSluice } = await import("./support/process.ts");
    const { until } = await import("./support/wait.ts");
    const first = startSluice(["run", file, "--state-dir", work.path("state")]);
    await until(() => first.stderr().includes('"running"'), "the first to run");
    const { code, stderr } = await runSluice(["run", file, "--state-dir", work.path("state")]);
    expect(code).toBe(2);
    expect(stderr).toContain(String(first.pid));
    expect(await first.kill("SIGTERM")).toBe(0);
  });
});
