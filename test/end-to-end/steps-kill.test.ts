import { appendFile, readFile, stat } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const LAST = 3000;
const KILLS = 8;
const MINUTES = 60_000;

/** Event n: every 7th has a trace of three lines; every 10th is one that came before. */
function textOf(n: number): string {
  const time = new Date(Date.UTC(2025, 3, 13, 7, 15) + Math.floor(n / 100) * 1000).toISOString();
  const trace = n % 7 === 0 ? `\n  at first (${n})\n  at second\n  at third` : "";
  const service = n % 2 === 0 ? "UPLOAD" : "API";
  return `${time.slice(0, 10)} ${time.slice(11, 19)} ${service} INFO [Loop] number=${n} end${trace}\n`;
}

/** Writes until `isEnough`, and some more; returns how many events there are. */
async function grow(file: string, isEnough: () => boolean): Promise<number> {
  let n = 0;
  for (let isLast = false; !isLast; await sleep(30)) {
    isLast = isEnough();
    const to = n + (isLast ? LAST : 30);
    let text = "";
    for (; n < to; n++) text += n % 10 === 9 ? textOf(n) + textOf(n) : textOf(n);
    await appendFile(file, text);
  }
  return n;
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

const PIPELINE = (log: string, out: string) => `name: test
sources:
  log: {type: file, include: ['${log}'], poll_interval: 50ms}
steps:
  - multiline: {start: '^\\d{4}-', timeout: 30s}
  - parse: {grok: ['^(?<@timestamp>[^ ]+ [^ ]+) %{WORD:service.name} %{DATA} number=%{INT:event.sequence:int} ']}
  - dedupe: {key: [service.name, event.sequence], window: 1h}
  - sequence: {field: event.sequence}
  - count: {by: service.name, every: 1m, timezone: UTC}
sinks:
  out: {type: file, path: '${out}', batch: {age: 5ms}}
`;

test.each([0, 2])(
  `kill -9 at ${KILLS} random moments: steps remember exactly what was stored, with --workers %i`,
  { timeout: 8 * MINUTES },
  async (workers) => {
    await using work = await Workspace.create();
    const log = await work.write("service.log", "");
    const out = work.path("out.ndjson");
    const pipeline = await work.write("p.yaml", PIPELINE(log, out));
    const args = ["run", pipeline, "--state-dir", work.path("state"), "--workers", String(workers)];
    let kills = 0;
    const growing = grow(log, () => kills >= KILLS);
    for (; kills < KILLS; kills++) {
      const sluice = startSluice(args);
      const before = await sizeOf(out);
      await until(async () => (await sizeOf(out)) > before, "sluice to write");
      await sleep(Math.random() * 400);
      await sluice.kill("SIGKILL");
    }
    const total = await growing;
    const last = startSluice([...args, "--until-eof"]);
    expect(await last.ended, last.stderr()).toBe(0);

    const byId = new Map<string, Record<string, unknown>>();
    let repeated = 0;
    for (const line of (await readFile(out, "utf8")).trim().split("\n")) {
      const event = JSON.parse(line) as Record<string, unknown>;
      if (byId.has(event["event.id"] as string)) repeated++;
      byId.set(event["event.id"] as string, event);
    }
    const events = [...byId.values()];
    // The numbers go on over each kill, and nothing counts as repeated that was only read again.
    expect(events.filter((event) => event["event.kind"] === "alert")).toEqual([]);
    const lines = events.filter((event) => event["event.kind"] === undefined);
    lines.sort((a, b) => (a["event.sequence"] as number) - (b["event.sequence"] as number));
    expect(lines.map((event) => `${event["message"] as string}\n`).join("")).toBe(
      Array.from({ length: total }, (_, n) => textOf(n)).join(""),
    );
    // Of a report that was sent again the later one counts.
    const counted: Record<string, number> = {};
    for (const event of events.filter((one) => one["event.kind"] === "metric")) {
      const name = event["service.name"] as string;
      counted[name] = (counted[name] ?? 0) + (event["count.events"] as number);
    }
    // The kills hit what was on its way.
    expect(repeated).toBeGreaterThan(0);
    expect(counted).toEqual({ UPLOAD: Math.ceil(total / 2), API: Math.floor(total / 2) });

    const db = new DatabaseSync(work.path("state", "state.db"), { readOnly: true });
    const rows = db.prepare("SELECT kind, reason, n FROM ledger WHERE sink = ''").all() as {
      kind: string;
      n: number;
    }[];
    db.close();
    const sum = (kind: string) => rows.filter((row) => row.kind === kind).reduce((total, { n }) => total + n, 0);
    expect(sum("in")).toBe((await readFile(log, "utf8")).trim().split("\n").length);
    expect(sum("in") + sum("made")).toBe(sum("delivered") + sum("dropped"));
    process.stdout.write(`${kills} kills with ${workers} workers: ${repeated} events repeated with their own id\n`);
  },
);
