import { Rsyslog, requireSyslogDaemons } from "@sluice/testkit";
import { expect, test } from "vitest";
import { appendNumbered, freePort, listeningSluice, numbersIn, sizeOf } from "../support/network.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const LONG = process.env["SLUICE_LONG_TESTS"] !== undefined;
const MESSAGES = LONG ? 500_000 : 40_000;
/** Lines every 25 ms. */
const RATE = LONG ? 1500 : 250;
const RESTARTS = LONG ? 6 : 2;
const TIMEOUT = LONG ? 900_000 : 300_000;

/** The line itself holds its priority, `log.message` does not. */
const NUMBER = '"message":"<[^"]*number ';

const there = requireSyslogDaemons();

const forwarding = (port: number, options: string) => `
module(load="imfile" mode="inotify")
input(type="imfile" file="$DIR/in.log" tag="app:" severity="info" facility="local3")
action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp" ${options} queue.type="LinkedList"
  queue.size="700000" action.resumeRetryCount="-1" action.resumeInterval="1")`;

test.runIf(there).each([
  ["plain TCP", ""],
  ["octet-counted", 'TCP_Framing="octet-counted"'],
])("rsyslog over %s: each message arrives once while sluice restarts", { timeout: TIMEOUT }, async (_name, options) => {
  await using work = await Workspace.create();
  const port = await freePort();
  const out = work.path("out.ndjson");
  const pipeline = await work.write(
    "p.yaml",
    `name: syslog
sources:
  rsyslog: {type: tcp, address: '127.0.0.1:${port}'}
steps:
  - parse: syslog
sinks:
  out: {type: file, path: out.ndjson}
`,
  );
  let { sluice } = await listeningSluice(work, pipeline);
  await work.write("in.log", "");
  const rsyslog = Rsyslog.start(work.dir, forwarding(port, options).replace("$DIR", work.dir));
  try {
    const feeding = appendNumbered(work.path("in.log"), {
      count: MESSAGES,
      rate: RATE,
      line: (n) => `message number ${n} of a long run, to be had once`,
    });
    for (let restart = 0; restart < RESTARTS; restart++) {
      const before = await sizeOf(out);
      await until(async () => (await sizeOf(out)) > before + 200_000, `messages: ${rsyslog.said} ${sluice.stderr()}`);
      expect(await sluice.kill("SIGTERM")).toBe(0);
      ({ sluice } = await listeningSluice(work, pipeline));
    }
    await feeding;
    await until(async () => (await numbersIn(out, NUMBER)).size >= MESSAGES, "all messages", TIMEOUT / 2);
    expect(await sluice.kill("SIGTERM")).toBe(0);
    const counts = await numbersIn(out, NUMBER);
    expect({ all: counts.size, twice: [...counts.values()].filter((count) => count > 1).length }).toEqual({
      all: MESSAGES,
      twice: 0,
    });
  } finally {
    await sluice.kill("SIGKILL");
    await rsyslog.stop();
  }
});
