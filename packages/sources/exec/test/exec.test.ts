import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { pauseOrStop } from "@sluice/core";
import { checkSource } from "@sluice/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { execSource } from "../src/index.ts";
import { create, isAlive, Started, scratch, until } from "./harness.ts";

let space: ReturnType<typeof scratch>;
beforeEach(() => {
  space = scratch();
});
afterEach(() => space.remove());

const start = (options: object, context = {}) => new Started(() => create(execSource, space.dir, options), context);
const script = (text: string, options: object = {}) => ({ command: text, shell: true, ...options });
const textsOf = (source: Started, stream: string) =>
  source.events.filter((event) => event["stream"] === stream).map(({ message }) => message);

/** Two processes that write down their ids, one of which takes no notice of SIGTERM. */
const STUBBORN = `
sh -c 'trap "" TERM; echo $$ > stubborn; while :; do sleep 0.1; done' &
sleep 600 & echo $! > pid
wait`;

async function runOnce(options: object): Promise<Started> {
  const source = start(options, { finite: true });
  await source.ended;
  return source;
}

test("holds the contract", async () => {
  const lines = Array.from({ length: 3000 }, (_, i) => `line ${i} ${"x".repeat(i % 70)}`);
  writeFileSync(space.path("lines"), `${lines.join("\n")}\n`);
  await checkSource({
    create: () => create(execSource, space.dir, { command: ["cat", "lines"] }),
    expected: lines,
    resumable: false,
  });
});

describe("what a command prints", () => {
  test("arrives line by line, the last one without a newline too", async () => {
    const { texts, events } = await runOnce({ command: ["printf", "one\\r\\ntwo words\\n\\nlast"] });
    expect(texts).toEqual(["one", "two words", "", "last"]);
    expect(events[1]).toMatchObject({
      stream: "stdout",
      "process.command_line": "printf one\\r\\ntwo words\\n\\nlast",
    });
  });

  test("arrives while the command goes on", async () => {
    const source = start(script("echo first; sleep 600"));
    await source.until(() => source.texts.includes("first"));
    await source.stop();
  });

  test("of a list is not read by a shell", async () => {
    expect((await runOnce({ command: ["echo", "$HOME; *"] })).texts).toEqual(["$HOME; *"]);
  });

  test("to stderr is kept apart, as events, in the log, or not at all", async () => {
    const both = script("echo out; echo err >&2");
    const asEvents = await runOnce(both);
    expect(textsOf(asEvents, "stdout")).toEqual(["out"]);
    expect(textsOf(asEvents, "stderr")).toEqual(["err"]);
    const asLog = await runOnce({ ...both, stderr: "log" });
    expect(asLog.texts).toEqual(["out"]);
    expect(asLog.log.entries).toContainEqual(expect.objectContaining({ stderr: "err" }));
    const off = await runOnce({ ...both, stderr: "off" });
    expect(off.texts).toEqual(["out"]);
    expect(JSON.stringify(off.log.entries)).not.toContain('err"');
  });

  test("much of it in the log is cut short", async () => {
    const { log } = await runOnce(script("seq 100000 >&2", { stderr: "log" }));
    expect(log.entries.filter((entry) => entry["stderr"] !== undefined)).toHaveLength(100);
  });

  test("is cut where a line is too long, at a character, and the next one is whole", async () => {
    const source = await runOnce(
      script("head -c 5000000 /dev/zero | tr '\\0' x; echo; echo ünd", { max_line_bytes: "10B" }),
    );
    expect(source.texts).toEqual(["xxxxxxxxxx", "ünd"]);
    expect(source.ctx.records.map(({ tags }) => tags)).toEqual([["_line_cut"], []]);
  });

  test("much of it passes whole and in order through slow hands", async () => {
    let seen = 0;
    const gate = async () => {
      if (seen++ < 10) await new Promise((resolve) => setTimeout(resolve, 100));
    };
    const source = start({ command: ["seq", "300000"] }, { finite: true, gate });
    await source.ended;
    expect(source.texts).toHaveLength(300_000);
    expect(source.texts.every((text, i) => text === String(i + 1))).toBe(true);
  });

  test("as a whole is one event a run", async () => {
    const { texts, events } = await runOnce(script("echo a; echo b; echo c >&2", { interval: "1h", output: "whole" }));
    expect(texts.toSorted()).toEqual(["a\nb", "c"]);
    expect(events).toHaveLength(2);
    const cut = await runOnce(script("seq 9", { interval: "1h", output: "whole", max_line_bytes: "4B" }));
    expect(cut.texts).toEqual(["1\n2\n"]);
    expect(cut.ctx.records[0]?.tags).toEqual(["_line_cut"]);
  });
});

describe("a command", () => {
  test("runs in its directory with its variables", async () => {
    const options = { environment: { WHO: "me" }, working_directory: "/usr" };
    expect((await runOnce(script("pwd; echo $WHO", options))).texts).toEqual(["/usr", "me"]);
    const bare = await runOnce({ command: ["env"], environment: { WHO: "me" }, clear_environment: true });
    expect(bare.texts.filter((text) => !/^(PATH|WHO|PWD|SHLVL|_)=/.test(text))).toEqual([]);
    expect(bare.texts).toContain("WHO=me");
  });

  test("by default runs in the directory of the pipeline file", async () => {
    expect((await runOnce({ command: ["pwd"] })).texts).toEqual([space.dir]);
  });

  test("that is not there, or cannot start, is told of", async () => {
    const missing = await runOnce({ command: ["no-such-program"], stderr: "off" });
    expect(missing.log.entries).toContainEqual(
      expect.objectContaining({ message: "the command was not found (exit code 127)" }),
    );
    await expect(runOnce({ command: ["true"], working_directory: "/no/such" })).rejects.toThrow(/cannot start true/);
  });

  test("whose run has failed is told of in the log, and as an event when that is wanted", async () => {
    const failing = await runOnce(script("echo x; exit 3", { exit_event: "failure" }));
    expect(failing.log.entries).toContainEqual(expect.objectContaining({ level: "warn", exitCode: 3 }));
    expect(failing.events.at(-1)).toMatchObject({
      message: "the command ended with exit code 3",
      "event.action": "command_exited",
      "event.outcome": "failure",
      "process.exit_code": 3,
    });
    expect((await runOnce(script("true", { exit_event: "failure" }))).events).toEqual([]);
    expect((await runOnce(script("kill -KILL $$", { exit_event: "always" }))).events).toEqual([
      expect.objectContaining({ message: "the command was ended by signal 9", "process.exit_code": 137 }),
    ]);
  });

  test("that ends is started again, with growing pauses", async () => {
    const source = start(script("date +%s%N", { backoff: { initial: "50ms", max: "200ms" } }));
    await source.until(() => source.texts.length >= 5);
    await source.stop();
    const times = source.texts.map((text) => Number(text) / 1e6);
    const pauses = times.slice(1).map((time, i) => time - (times[i] as number));
    expect(pauses[0]).toBeGreaterThanOrEqual(50);
    expect(pauses[3]).toBeGreaterThanOrEqual(200);
  });

  test("is not started again when that is not wanted", async () => {
    const once = start(script("echo x", { restart: "never" }));
    await once.ended;
    expect(once.texts).toEqual(["x"]);
    const failing = start(
      script("[ -e done ] && exit 0; touch done; exit 1", { restart: "on_failure", backoff: { initial: "1ms" } }),
    );
    await failing.ended;
    expect(failing.log.entries.map((entry) => entry["exitCode"])).toEqual([1, 0]);
  });

  test("waits for a month, which is longer than a timer of Node.js can be", async () => {
    const stop = new AbortController();
    const waiting = pauseOrStop(30 * 86_400_000, stop.signal).then(() => "over");
    expect(await Promise.race([waiting, sleep(200, "waits")])).toBe("waits");
    stop.abort();
    expect(await waiting).toBe("over");
  });

  test("with an interval runs again and again, and its lines have ids of their own", async () => {
    const source = start({ command: ["echo", "tick"], interval: "100ms" });
    await source.until(() => source.texts.length >= 4);
    await source.stop();
    const ids = source.events.map((event) => event["event.id"]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("that lasts too long is ended, with all that it has started", async () => {
    const hanging = script("sleep 600 & echo $! > pid; echo x; wait", {
      interval: "1h",
      timeout: "300ms",
      exit_event: "always",
    });
    const source = start(hanging);
    await source.until(() => source.events.some((event) => event["event.action"] === "command_exited"));
    await source.until(() => !isAlive(space.path("pid")));
    expect(source.events.at(-1)).toMatchObject({
      "event.outcome": "failure",
      message: "the command was ended after 300 ms",
    });
    await source.stop();
  });
});

test("can be checked without being run", async () => {
  const { signal } = new AbortController();
  const check = (options: object) => create(execSource, space.dir, options).check?.(signal);
  await check({ command: ["touch", "made"] });
  expect(existsSync(space.path("made"))).toBe(false);
  await check({ command: "anything | at all", shell: true });
  writeFileSync(space.path("tool"), "#!/bin/sh\n", { mode: 0o644 });
  await expect(check({ command: ["./tool"] })).rejects.toThrow(/tool may not be executed/);
  await expect(check({ command: ["no-such-tool"] })).rejects.toThrow(/no program no-such-tool/);
  await expect(check({ command: ["true"], working_directory: "none" })).rejects.toThrow(/no directory .*none/);
});

describe("at the stop", () => {
  test("the whole group ends, also what takes no notice of it", async () => {
    const source = start(
      script(
        "sh -c 'trap \"\" TERM; echo $$ > stubborn; while :; do sleep 0.1; done' & sleep 600 & echo $! > pid; wait",
      ),
    );
    await source.until(() => existsSync(space.path("pid")) && existsSync(space.path("stubborn")));
    const began = performance.now();
    await source.stop();
    expect(performance.now() - began).toBeLessThan(5000);
    await source.until(() => !isAlive(space.path("pid")) && !isAlive(space.path("stubborn")));
  });

  test("its last words still arrive", async () => {
    const source = start(script("trap 'echo bye; exit' TERM; echo hello; while :; do sleep 0.05; done"));
    await source.until(() => source.texts.length > 0);
    await source.stop();
    expect(textsOf(source, "stdout")).toEqual(["hello", "bye"]);
  });
});

test("when sluice is killed the whole group ends all the same", async () => {
  const code = `
    import { execSource } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
    const options = execSource.options.parse({ command: ${JSON.stringify(STUBBORN)}, shell: true });
    const source = execSource.create(options, { name: "x", baseDir: ${JSON.stringify(space.dir)} });
    await source.run({ stop: new AbortController().signal, emit: async () => {}, log: console });
  `;
  const sluice = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const pids = ["pid", "stubborn"].map((name) => space.path(name));
  await until(
    () => pids.every(existsSync),
    () => pids,
  );
  sluice.kill("SIGKILL");
  await until(
    () => !pids.some(isAlive),
    () => pids,
  );
});

test("what a command leaves running ends with its run", async () => {
  const source = await runOnce(script("sleep 600 & echo $! > pid; echo x"));
  expect(source.texts).toEqual(["x"]);
  await source.until(() => !isAlive(space.path("pid")));
});

test.each([
  [{ command: "echo x" }, /write a list/],
  [{ command: ["echo"], shell: true }, /one text/],
  [{ command: [""] }, /empty/],
  [{ command: ["x"], timeout: "1s" }, /`interval`/],
  [{ command: ["x"], output: "whole" }, /`interval`/],
  [{ command: ["x"], interval: "0s" }, /longer than/],
])("%j is refused", (options, message) => {
  expect(() => execSource.options.parse(options)).toThrow(message);
});
