import { appendFile, readFile, stat } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const EVENTS = 20_000;
const KILLS = 8;
const MINUTES = 60_000;

/** Event n: every 7th has a trace of three lines; every 10th is one that came before. */
function textOf(n: number): string {
  const second = String(Math.floor(n / 1000)).padStart(2, "0");
  const trace = n % 7 === 0 ? `\n  at first (${n})\n  at second\n  at third` : "";
  const service = n % 2 === 0 ? "UPLOAD" : "API";
  return `2025-04-13 07:15:${second} ${service} INFO [Loop] number=${n} end${trace}\n`;
}

async function grow(file: string, isEnough: () => boolean): Promise<void> {
  for (let n = 0; n < EVENTS; ) {
    // Something is left to write until the last kill.
    const to = isEnough() ? Math.min(EVENTS, n + 2000) : n + Math.min(60, Math.ceil((EVENTS - n) / 100));
    let text = "";
    for (; n < to; n++) text += n % 10 === 9 ? textOf(n) + textOf(n) : textOf(n);
    await appendFile(file, text);
    await sleep(30);
  }
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

const PIPELINE = (log: string, out: string) => `name: test
sources:
  log: {type: file, include: ['${log}'], poll_interval: 50ms}
steps:
  - multiline: {start: '^\\d{4}-', timeout: 30s}
  - parse: {grok: ['^%{DATA} %{WORD:service.name} %{DATA} number=%{INT:event.sequence:int} ']}
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
    await growing;
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
      Array.from({ length: EVENTS }, (_, n) => textOf(n)).join(""),
    );
    // Of a report that was sent again the later one counts.
    const counted: Record<string, number> = {};
    for (const event of events.filter((one) => one["event.kind"] === "metric")) {
      const name = event["service.name"] as string;
      counted[name] = (counted[name] ?? 0) + (event["count.events"] as number);
    }
    // The kills hit what was on its way.
    expect(repeated).toBeGreaterThan(0);
    expect(counted).toEqual({ UPLOAD: EVENTS / 2, API: EVENTS / 2 });

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
