import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT, startSluice } from "./support/process.ts";
import { until } from "./support/wait.ts";
import { Workspace } from "./support/workspace.ts";

const SLUICE = path.join(ROOT, "packages/cli/bin/sluice");
const KEY = "test-key-of-the-suite";

/** Runs `sluice sanitize` over bytes; its output is given byte for byte, as latin1. */
function sanitize(input: string | Buffer, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(SLUICE, ["sanitize", ...args], {
    timeout: 50_000,
    input: typeof input === "string" ? Buffer.from(input, "latin1") : input,
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 27,
  });
  return { code: status, stdout: stdout.toString("latin1"), stderr: stderr.toString("utf8") };
}

const LOGIN = "GET /login?user=ana&password=hunter2-Qz HTTP/1.1";
const CLEAN_LOGIN = "GET /login?user=ana&password=[redacted:password] HTTP/1.1";
const PRIVATE_KEY = ["-----BEGIN RSA PRIVATE KEY-----", ...bodyLines(), "-----END RSA PRIVATE KEY-----"];

function bodyLines(): string[] {
  return Array.from({ length: 12 }, () => randomBytes(48).toString("base64"));
}

describe("every byte but the secret stays", () => {
  test.each([
    ["no line end at the end", `a\n${LOGIN}`, `a\n${CLEAN_LOGIN}`],
    ["CRLF", `a\r\n${LOGIN}\r\nb\r\n`, `a\r\n${CLEAN_LOGIN}\r\nb\r\n`],
    ["NUL and control characters", `\0\x01${LOGIN}\0\x1b[0m\n`, `\0\x01${CLEAN_LOGIN}\0\x1b[0m\n`],
    ["invalid UTF-8 before and behind", `\xff\xc3 ${LOGIN} \xe2\x82\n`, `\xff\xc3 ${CLEAN_LOGIN} \xe2\x82\n`],
    ["UTF-8", `\xc3\xa4\xe2\x82\xac ${LOGIN} \xf0\x9d\x84\x9e`, `\xc3\xa4\xe2\x82\xac ${CLEAN_LOGIN} \xf0\x9d\x84\x9e`],
    ["a byte order mark", `\xef\xbb\xbf${LOGIN}`, `\xef\xbb\xbf${CLEAN_LOGIN}`],
    ["empty lines", "\n\n\r\n\n", "\n\n\r\n\n"],
    ["nothing at all", "", ""],
  ])("%s", (_name, input, expected) => {
    expect(sanitize(input)).toEqual({ code: 0, stdout: expected, stderr: "" });
  });

  test("in a password beyond ASCII, all of its characters go", () => {
    const { stdout } = sanitize(Buffer.from("password=p\u00e0ss\u00a0\n"));
    expect(stdout).toBe("password=[redacted:password]\xc2\xa0\n");
  });

  test("of random bytes, nearly all", () => {
    const input = randomBytes(3_000_000);
    const { code, stdout } = sanitize(input);
    expect(code).toBe(0);
    expect(Math.abs(stdout.length - input.length)).toBeLessThan(3000);
  });

  test("of a line of 20 MB all but the secrets in it", () => {
    const filler = "GET /x HTTP/1.1 200 ".repeat(340_000);
    const { code, stdout } = sanitize(`${filler}${LOGIN} ${filler}${LOGIN} ${filler}`);
    expect(code).toBe(0);
    expect(stdout === `${filler}${CLEAN_LOGIN} ${filler}${CLEAN_LOGIN} ${filler}`).toBe(true);
  });

  test("a secret that stands in its line a hundred thousand times goes everywhere, in time", () => {
    const { code, stdout } = sanitize(`password=hunter22${" hunter22".repeat(100_000)}\n`);
    expect(code).toBe(0);
    expect(stdout === `password=[redacted:password]${" [redacted:password]".repeat(100_000)}\n`).toBe(true);
  });

  test("the same secret elsewhere in its line goes, too", () => {
    const { stdout } = sanitize("password=hunter22 again 'hunter22'\nhunter22 alone\npassword=abc abc\n");
    expect(stdout).toBe(
      "password=[redacted:password] again '[redacted:password]'\nhunter22 alone\npassword=[redacted:password] abc\n",
    );
  });

  test("a second run changes nothing more", () => {
    const input = [LOGIN, ...PRIVATE_KEY, "token=ghp_0123456789abcdefghijABCDEFGHIJ012345", ""].join("\n");
    for (const args of [[], ["--action", "partial"], ["--action", "hash"], ["--action", "remove"]]) {
      const once = sanitize(input, args, { SLUICE_HASH_KEY: KEY }).stdout;
      expect(once).not.toContain("hunter2");
      expect(sanitize(Buffer.from(once, "latin1"), args, { SLUICE_HASH_KEY: KEY }).stdout).toBe(once);
    }
  });
});

describe("over lines", () => {
  test("a private key goes, and lines keep their numbers", () => {
    const { stdout } = sanitize(["a", ...PRIVATE_KEY, "b", ""].join("\n"));
    const [begin, end] = [PRIVATE_KEY[0], PRIVATE_KEY.at(-1)];
    expect(stdout).toBe(`a\n${begin}[redacted:private-key]${"\n".repeat(PRIVATE_KEY.length - 1)}${end}\nb\n`);
  });

  test("so does one behind the prefixes of a log, and one that was cut", () => {
    const prefixed = PRIVATE_KEY.map((line, i) => `Jan  5 06:25:${10 + i} web app[3]: ${line}`);
    for (const lines of [prefixed, prefixed.slice(0, -3), PRIVATE_KEY.slice(0, -1)]) {
      const { stdout } = sanitize([...lines, "Jan  5 06:26:01 web app[3]: next", ""].join("\n"));
      for (const line of PRIVATE_KEY.slice(1, -1)) expect(stdout).not.toContain(line);
      expect(stdout).toContain("[redacted:private-key]");
      expect(stdout.endsWith("web app[3]: next\n")).toBe(true);
    }
  });

  test("a keyword may stand above its secret where lines belong together, and not where they do not", () => {
    const secret = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    expect(sanitize(`<apiToken>\n  ${secret}\n</apiToken>\n`).stdout).not.toContain(secret);
    const apart = `2026-01-05 no api_token given\n${secret} is the checksum\n`;
    expect(sanitize(apart).stdout).toBe(apart);
  });

  test.each(["CERTIFICATE", "PUBLIC KEY", "PGP PUBLIC KEY BLOCK"])("the lines of a %s stay", (what) => {
    const lines = [`-----BEGIN ${what}-----`, ...bodyLines(), `-----END ${what}-----`, ""].join("\n");
    expect(sanitize(lines).stdout).toBe(lines);
  });

  test("a lone BEGIN does not swallow the log behind it", () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `2026-01-05T06:25:07Z request ${i} took 3 ms`);
    const { stdout } = sanitize(["-----BEGIN PRIVATE KEY-----", ...lines].join("\n"));
    expect(stdout).toBe(["-----BEGIN PRIVATE KEY-----", ...lines].join("\n"));
  });
});

describe("a pipe", () => {
  test("gives a line out before the next one has come", async () => {
    await using work = await Workspace.create();
    const fifo = work.path("in");
    spawnSync("mkfifo", [fifo]);
    const running = startSluice(["sanitize", fifo]);
    // "r+" does not wait for the reader.
    const input = openSync(fifo, "r+");
    writeSync(input, `${LOGIN}\nhalf a `);
    await until(() => running.stdout().endsWith("\n"), "the first line");
    expect(running.stdout()).toBe(`${CLEAN_LOGIN}\n`);
    writeSync(input, "line\n");
    await until(() => running.stdout().includes("half"), "the second line");
    closeSync(input);
    expect(await running.ended).toBe(0);
    expect(running.stdout()).toBe(`${CLEAN_LOGIN}\nhalf a line\n`);
  });

  test("whose reader leaves ends it quietly", () => {
    const command = `yes '${LOGIN}' | ${SLUICE} sanitize | head -n 1`;
    const { stdout, stderr } = spawnSync("bash", ["-c", `${command}; test "\${PIPESTATUS[1]}" = 0`], {
      encoding: "utf8",
    });
    expect({ stdout, stderr }).toEqual({ stdout: `${CLEAN_LOGIN}\n`, stderr: "" });
  });
});

describe("options", () => {
  const card = "4111 1111 1111 1111";

  test.each([
    [["--action", "redact"], "password=[redacted:password]\n"],
    [["--action", "partial"], "password=****ghij\n"],
    [["--action", "remove"], "password=\n"],
  ])("%j", (args, expected) => {
    expect(sanitize("password=zyxwvu-0123456789-abcdefghij\n", args)).toEqual({
      code: 0,
      stdout: expected,
      stderr: "",
    });
  });

  test("hash leaves equal secrets equal, in another form for another key, and refuses to start without one", () => {
    const input = "password=hunter2-Qz\npasswd: hunter2-Qz\npassword=another-Xy9\n";
    const [first, second, third] = sanitize(input, ["--action", "hash"], { SLUICE_HASH_KEY: KEY })
      .stdout.split("\n")
      .map((line) => /\[hash:password:([0-9a-f]{16})\]/.exec(line)?.[1]);
    expect(first).toBeDefined();
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(sanitize(input, ["--action", "hash"], { SLUICE_HASH_KEY: "another key" }).stdout).not.toContain(first);
    const refused = sanitize(input, ["--action", "hash"], { SLUICE_HASH_KEY: "" });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("SLUICE_HASH_KEY");
  });

  test("--rules takes sets and names", () => {
    const input = `password=hunter2-Qz ana@example.com ${card}\n`;
    const all = sanitize(input, ["--rules", "all"]).stdout;
    for (const secret of ["hunter2", "ana@", "4111"]) expect(all).not.toContain(secret);
    const one = sanitize(input, ["--rules", "email"]).stdout;
    expect(one).toBe(`password=hunter2-Qz [redacted:email] ${card}\n`);
    expect(sanitize(input, ["--rules", "email,password"]).stdout).not.toMatch(/ana@|hunter2/);
  });

  test.each([
    [["--rules", "emial"], "did you mean `email`?"],
    [["--rules", "nothing-like-it"], "default, secrets, pii, all"],
    [["--action", "drop"], "redact, partial, hash, remove"],
    [["--config", "/no/such.yaml"], "/no/such.yaml"],
    [["/no/such.log"], "/no/such.log"],
    [["/"], "cannot read /"],
  ])("%j is wrong usage and says why", (args, why) => {
    const { code, stdout, stderr } = sanitize("password=hunter2-Qz\n", args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(why);
  });

  test("--config takes the options of the step, and the command line goes before them", async () => {
    await using work = await Workspace.create();
    const rules = `rules: [password]
allow: [changeme, '/^test-/']
actions: {ticket: remove, session: drop}
custom:
  - {name: ticket, keywords: [TICKET-], pattern: 'TICKET-(?<secret>[0-9]{6})'}
  - {name: session, keywords: [sess-], pattern: 'sess-[a-f0-9]{8}'}
`;
    const input = "password=changeme TICKET-123456\na sess-0123abcd b\r\npassword=test-1234567 password=hunter2-Qz\n";
    const file = await work.write("options.yaml", rules);
    expect(sanitize(input, ["--config", file]).stdout).toBe(
      "password=changeme TICKET-\npassword=test-1234567 password=[redacted:password]\n",
    );
    expect(sanitize(input, ["--config", file, "--rules", "ticket"]).stdout).toContain("hunter2");
    const indented = rules.replaceAll(/^/gm, "      ");
    const pipeline = await work.write("p.yaml", `steps:\n  - parse: nginx\n  - sanitize:\n${indented}`);
    expect(sanitize(input, ["--config", pipeline]).stdout).toBe(sanitize(input, ["--config", file]).stdout);
  });

  test("--config names mistakes at their place, and refuses a file that switches the sanitizer off", async () => {
    await using work = await Workspace.create();
    const wrong = await work.write("wrong.yaml", "rules: [default]\nalow: [x]\n");
    const { code, stdout, stderr } = sanitize("x\n", ["--config", wrong]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(`${wrong}:2:1: `);
    expect(stderr).toContain("did you mean `allow`?");
    const off = await work.write("off.yaml", "steps: [{sanitize: off}]\n");
    expect(sanitize("x\n", ["--config", off])).toMatchObject({ code: 2, stdout: "" });
  });

  test("--report counts by rule, on stderr", () => {
    const input = `${LOGIN}\n${LOGIN}\n${PRIVATE_KEY.join("\n")}\n`;
    const { code, stderr } = sanitize(input, ["--report"]);
    expect({ code, report: JSON.parse(stderr) }).toEqual({ code: 0, report: { password: 2, "private-key": 1 } });
    expect(sanitize("clean\n", ["--report"])).toEqual({ code: 0, stdout: "clean\n", stderr: "{}\n" });
  });
});

describe("--check", () => {
  test("names file, line, column and rule, never the secret, and ends with 1", async () => {
    await using work = await Workspace.create();
    const first = await work.write("a.log", `clean\n${LOGIN}\n`);
    const second = await work.write("b.log", `\xe4 ${LOGIN}\n${PRIVATE_KEY.join("\n")}\n`);
    const { code, stdout, stderr } = sanitize("", ["--check", first, second]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    const title = (rule: string): string => new RegExp(`: ${rule} (\\(.+\\))$`, "m").exec(stdout)?.[1] as string;
    expect(stdout).toBe(
      [
        `${first}:2:30: password ${title("password")}`,
        `${second}:1:32: password ${title("password")}`,
        `${second}:2:32: private-key ${title("private-key")}`,
        "",
      ].join("\n"),
    );
    expect(stdout).not.toContain("hunter2");
  });

  test("columns are characters, also behind CRLF, in UTF-8 and where the bytes are none", () => {
    const input = Buffer.from(`\u20ac\u{1d11e} ${LOGIN}\r\n\r\n${LOGIN} ${LOGIN}\r\n`);
    const { stdout } = sanitize(Buffer.concat([input, Buffer.from([0xff, 0xfe]), Buffer.from(` ${LOGIN}`)]), [
      "--check",
    ]);
    expect(stdout.match(/^-:\d+:\d+/gm)).toEqual(["-:1:33", "-:3:30", "-:3:79", "-:4:33"]);
  });

  test("finds what lies in lines that would be dropped or hashed, where it stands", async () => {
    await using work = await Workspace.create();
    const config = await work.write("o.yaml", "rules: [default]\naction: hash\nactions: {password: drop}\n");
    const input = `${LOGIN} ghp_0123456789abcdefghijABCDEFGHIJ012345\n`;
    for (const args of [
      ["--config", config],
      ["--config", config, "--action", "hash"],
    ]) {
      const { code, stdout } = sanitize(input, ["--check", ...args], { SLUICE_HASH_KEY: "" });
      expect({ code, places: stdout.match(/^-:\d+:\d+: \S+/gm) }).toEqual({
        code: 1,
        places: ["-:1:30: password", "-:1:50: github-pat"],
      });
    }
  });

  test("names stdin `-`, and ends with 0 when there is nothing", () => {
    expect(sanitize(LOGIN, ["--check"]).stdout).toMatch(/^-:1:30: password \(/);
    expect(sanitize("GET /index.html HTTP/1.1\n", ["--check"])).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});

test("a line on which a pattern of the config hangs is withheld, the others pass, and it ends with 1", async () => {
  await using work = await Workspace.create();
  const config = await work.write(
    "slow.yaml",
    "budget: 20ms\ncustom: [{name: slow, keywords: [aaa], pattern: '(a+)+z'}]\n",
  );
  const hostile = "a".repeat(60);
  const { code, stdout, stderr } = sanitize(`before\n${hostile}\n${LOGIN}\n`, ["--config", config]);
  expect(stdout).toBe(`before\n[withheld: not checked for secrets]\n${CLEAN_LOGIN}\n`);
  expect(stderr).toBe("-:2:1: withheld (could not be checked in its time)\n");
  expect(code).toBe(1);
});
