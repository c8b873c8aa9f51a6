import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { canRunJournald, checkSource, Journald } from "@sluice/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { journaldSource } from "../src/index.ts";
import { create, eventsOf, Started, scratch } from "./harness.ts";

let space: ReturnType<typeof scratch>;
let journald: Journald;
beforeEach(() => {
  space = scratch();
});
afterEach(async () => {
  await journald?.stop();
  space.remove();
});

const make = (options: object = {}) => create(journaldSource, space.dir, { directory: "log", ...options });
const start = (options: object = {}, context = {}) =>
  new Started(() => make({ identifiers: ["sshd", "app"], ...options }), context);

async function readAll(options: object = {}, context = {}): Promise<Started> {
  const source = start(options, { finite: true, ...context });
  await source.ended;
  return source;
}

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `number ${from + i}`);

describe.runIf(canRunJournald())("a real journal", () => {
  beforeEach(async () => {
    journald = await Journald.start(space.dir);
  });

  test("gives entries as ECS events", async () => {
    await journald.syslog("sshd", "Accepted publickey for noah from 45.21.1.61 port 61613 ssh2", "auth.info", 30779);
    const { events } = await readAll();
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      message: "Accepted publickey for noah from 45.21.1.61 port 61613 ssh2",
      "process.name": "sshd",
      "log.syslog.appname": "sshd",
      "log.syslog.procid": "30779",
      "log.syslog.severity.code": 6,
      "log.syslog.facility.code": 4,
      "log.syslog.facility.name": "security/authorization",
      "log.level": "informational",
      "systemd.transport": "syslog",
      "user.id": "0",
    });
    expect(events[0]?.["event.id"]).toMatch(/^journal-[0-9a-f]{32}-[0-9a-f]+$/);
    expect(events[0]?.["@timestamp"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\d{3})?Z$/);
    expect(Math.abs(Date.parse(events[0]?.["@timestamp"] as string) - Date.now())).toBeLessThan(60_000);
    expect(events[0]?.["host.name"]).toBeTruthy();
  });

  test("holds the contract, over rotation too", async () => {
    await journald.lines("app", `${numbered(0, 500).join("\n")}\n`);
    await journald.rotate();
    await journald.lines("app", `${numbered(500, 900).join("\n")}\n`);
    await checkSource({ create: () => make({ identifiers: "app" }), expected: numbered(0, 900), resumable: true });
  });

  test("gives messages of any bytes and lengths", async () => {
    await journald.syslog("app", "zwei\nZeilen ünd ☃");
    await journald.lines("app", `${"x".repeat(20_000)}\n`);
    await journald.lines("app", Buffer.concat([Buffer.from([0x1b]), Buffer.from("[31mred\xff\n", "latin1")]));
    const { texts, ctx } = await readAll({ max_message_bytes: "15001B" });
    expect(texts).toEqual(["zwei\nZeilen ünd ☃", "x".repeat(15_001), "\u001b[31mred\ufffd"]);
    expect(ctx.records.map(({ tags }) => tags)).toEqual([[], ["_line_cut"], []]);
  });

  test("is followed, through rotation and vacuum", async () => {
    const source = start();
    await journald.lines("app", "first\n");
    await source.until(() => source.texts.length === 1);
    await journald.rotate();
    await journald.lines("app", "second\n");
    await source.until(() => source.texts.length === 2);
    await journald.vacuum();
    await journald.lines("app", "third\n");
    await source.until(() => source.texts.length === 3);
    await source.stop();
    expect(source.texts).toEqual(["first", "second", "third"]);
  });

  test("is read on from where it was left, also when the entry of the cursor is gone", async () => {
    await journald.lines("app", "one\ntwo\n");
    const first = await readAll();
    expect(first.texts).toEqual(["one", "two"]);
    await journald.rotate();
    await journald.vacuum();
    await journald.lines("app", "three\nfour\n");
    const second = await readAll({}, { state: first.ctx.state.all() });
    expect(second.texts).toEqual(["three", "four"]);
    expect((await readAll({}, { state: second.ctx.state.all() })).texts).toEqual([]);
  });

  test("is read on over a reboot, also when it is followed", async () => {
    await journald.lines("app", "one\ntwo\n");
    const first = await readAll();
    await journald.lines("app", "last words\n");
    await journald.stop();
    journald = await Journald.start(space.dir, 2);
    await journald.lines("app", "again\n");
    const second = start({}, { state: first.ctx.state.all() });
    await second.until(() => second.texts.length === 2);
    await second.stop();
    expect(second.texts).toEqual(["last words", "again"]);
    const all = start();
    await all.until(() => all.texts.length === 4);
    await all.stop();
    const ids = eventsOf(all.ctx).map((event) => event["event.id"]);
    expect([...first.events, ...second.events].map((event) => event["event.id"])).toEqual(ids);
  });

  test("begins at its end when that is wanted, and remembers the place at once", async () => {
    await journald.lines("app", "old\n");
    const first = start({ start_at: "end" });
    await first.until(() => first.ctx.state.all().size === 1);
    await first.stop();
    await journald.lines("app", "between\n");
    const second = start({ start_at: "end" }, { state: first.ctx.state.all() });
    await second.until(() => second.texts.length === 1);
    await second.stop();
    expect(second.texts).toEqual(["between"]);
  });

  test("is chosen from by identifier, priority, match and time", async () => {
    await journald.syslog("sshd", "info", "auth.info");
    await journald.syslog("app", "error", "user.err");
    await journald.syslog("other", "nothing", "user.err");
    const texts = async (options: object) => (await readAll(options)).texts;
    expect(await texts({})).toEqual(["info", "error"]);
    expect(await texts({ priority: "warning" })).toEqual(["error"]);
    expect(await texts({ priority: "notice..info" })).toEqual(["info"]);
    const either = ["SYSLOG_IDENTIFIER=sshd", "+", "SYSLOG_IDENTIFIER=other"];
    expect(await texts({ identifiers: undefined, matches: either })).toEqual(["info", "nothing"]);
    expect(await texts({ units: ["no-such.service"] })).toEqual([]);
    expect(await texts({ since: "-1h" })).toEqual(["info", "error"]);
    expect(await texts({ since: "tomorrow" })).toEqual([]);
  });

  test("gives more fields when they are wanted", async () => {
    await journald.syslog("app", "x");
    const named = await readAll({ fields: ["_SOURCE_REALTIME_TIMESTAMP"] });
    expect(named.events[0]).toHaveProperty(["journald._source_realtime_timestamp"]);
    expect(named.events[0]).not.toHaveProperty(["journald.syslog_timestamp"]);
    const all = await readAll({ fields: "all" });
    expect(all.events[0]).toHaveProperty(["journald._source_realtime_timestamp"]);
    expect(all.events[0]).toHaveProperty(["journald.syslog_timestamp"]);
  });

  test("is read on when journalctl dies", async () => {
    const source = start();
    await journald.lines("app", "one\n");
    await source.until(() => source.texts.length === 1);
    const [pid] = journalctls();
    process.kill(pid as number, "SIGKILL");
    await journald.lines("app", "two\n");
    await source.until(() => source.texts.length === 2);
    await source.stop();
    expect(source.texts).toEqual(["one", "two"]);
    expect(source.log.entries).toContainEqual(expect.objectContaining({ message: "journalctl is started again" }));
    await source.until(() => journalctls().length === 0);
  });

  test("that does not exist yet is waited for, and read from its beginning", async () => {
    const source = start({ directory: "later" });
    await source.until(() => source.log.entries.some(({ code }) => code === "SLUICE_SOURCE"));
    await journald.lines("app", "one\n");
    symlinkSync(space.path("log"), space.path("later"));
    await source.until(() => source.texts.length === 1);
    await source.stop();
  });

  test("can be checked", async () => {
    const { signal } = new AbortController();
    await make().check?.(signal);
    await expect(make({ directory: "none" }).check?.(signal)).rejects.toThrow(/cannot read the journal: .*none/);
    await expect(make({ journalctl: "no-such-journalctl" }).check?.(signal)).rejects.toThrow(/no journalctl/);
  });

  /** Process ids of the programs that read this test's journal. */
  function journalctls(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && commandOf(name).startsWith(`journalctl\0`))
      .filter((name) => commandOf(name).includes(`--directory=${space.dir}/`))
      .map(Number);
  }
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

test("what journalctl prints that is no entry does no harm", async () => {
  const entry = (n: number, fields: object) =>
    JSON.stringify({ __CURSOR: `s=${"a".repeat(32)};i=${n};b=${"b".repeat(32)};m=1;t=1;x=1`, ...fields });
  const binary = { MESSAGE: [104, 255], SYSLOG_IDENTIFIER: [0xff, 0x41], MANY: ["a", [98]], _PID: "12", PRIORITY: "9" };
  writeFileSync(
    space.path("journalctl"),
    `#!/bin/sh\ncase "$*" in *--lines=1*) exit;; esac\ncat <<'E'\n${[
      "-- No entries --",
      "null",
      '{"MESSAGE":"without a cursor"}',
      '{"__CURSOR":"odd","MESSAGE":"x"}',
      entry(1, { MESSAGE: null }),
      entry(2, binary),
      entry(3, { MESSAGE: ["a", "b"], __REALTIME_TIMESTAMP: "1795961984756567" }),
      entry(4, { MESSAGE: "y".repeat(2_000_000) }),
      entry(5, { MESSAGE: "last" }),
      entry(6, { MESSAGE: "half" }).slice(0, -5),
    ].join("\n")}\nE\nprintf '%s' '{"MESSAGE":"broken off'`,
    { mode: 0o755 },
  );
  const source = start(
    { journalctl: space.path("journalctl"), fields: ["MANY"], max_message_bytes: "10B" },
    { finite: true },
  );
  await source.ended;
  expect(source.texts).toEqual(["", "h\ufffd", "a\nb", "last"]);
  expect(source.events[1]).toMatchObject({ "process.name": "\ufffdA", "journald.many": ["a", "b"], "process.pid": 12 });
  expect(source.events[1]).not.toHaveProperty(["log.level"]);
  expect(source.events[2]?.["@timestamp"]).toBe("2026-11-29T14:19:44.756567Z");
  expect(JSON.stringify(source.log.entries)).not.toContain("without a cursor");
});

test.each([
  [{ priority: "loud" }, /emerg/],
  [{ matches: ["no match"] }, /FIELD=value/],
  [{ since: "-1h", start_at: "end" }, /not both/],
])("%j is refused", (options, message) => {
  expect(() => journaldSource.options.parse(options)).toThrow(message);
});
