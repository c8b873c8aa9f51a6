import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { readObjects } from "../support/objects.ts";
import { BUCKET, type World } from "./world.ts";
import { numberIn } from "./writers.ts";

/** The books of a pipeline, as the state has them. */
export interface Books {
  readonly in: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly buffered: number;
}

const NONE: Books = { in: 0, delivered: 0, dropped: 0, buffered: 0 };

/** The books of all pipelines. A database that is being made has none. */
export function readBooks(stateDir: string): Map<string, Books> {
  const path = join(stateDir, "state.db");
  const books = new Map<string, Books>();
  if (!existsSync(path)) return books;
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    db.exec("PRAGMA busy_timeout = 5000");
    const rows = db
      .prepare("SELECT pipeline, kind, sum(n) AS n FROM ledger WHERE sink = '' GROUP BY pipeline, kind")
      .all();
    for (const { pipeline, kind, n } of rows as { pipeline: string; kind: string; n: number }[]) {
      const known = books.get(pipeline) ?? NONE;
      if (kind in NONE) books.set(pipeline, { ...known, [kind]: n });
    }
  } finally {
    db.close();
  }
  return books;
}

/** What does not add up. */
export function unbalanced(books: ReadonlyMap<string, Books>): string[] {
  return [...books]
    .filter(([, { in: read, delivered, dropped, buffered }]) => read !== delivered + dropped + buffered || buffered < 0)
    .map(([name, entry]) => `the ledger of ${name} does not add up: ${JSON.stringify(entry)}`);
}

/** Waits until the state has settled everything that was written where it can be read again, and nothing is buffered. */
export async function untilSettled(world: World, docker: number, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  let quiet = 0;
  let last = "";
  while (quiet < 5) {
    const books = readBooks(world.disk.stateDir);
    const now = JSON.stringify([...books]);
    const all =
      (books.get("files") ?? NONE).in >= world.file.written &&
      (books.get("containers") ?? NONE).in >= docker &&
      [...books.values()].every(({ buffered }) => buffered === 0);
    quiet = all && now === last ? quiet + 1 : 0;
    last = now;
    if (Date.now() > deadline) throw new Error(`written ${world.file.written} and ${docker}, but the books say ${now}`);
    await sleep(300);
  }
}

interface Arrived {
  readonly id: string;
  readonly text: string;
}

/** How often each number of a writer came, under which ids, and what else came from there. */
class Tally {
  readonly idsOf = new Map<number, Set<string>>();
  readonly copies = new Map<string, number>();
  others = 0;

  constructor(from: string, arrived: readonly Arrived[]) {
    for (const { id, text } of arrived) {
      if (!text.startsWith(`from=${from} `) && from !== "tcp") continue;
      if (from === "tcp" && /^from=(file|docker) /.test(text)) continue;
      this.copies.set(id, (this.copies.get(id) ?? 0) + 1);
      const n = from === "docker" ? dockerNumber(text) : numberIn(from, text);
      if (n === undefined) this.others++;
      else this.idsOf.set(n, (this.idsOf.get(n) ?? new Set()).add(id));
    }
  }

  get twoIds(): number {
    return [...this.idsOf.values()].filter((ids) => ids.size > 1).length;
  }

  get repeats(): number {
    return [...this.copies.values()].reduce((sum, n) => sum + n - 1, 0);
  }

  missing(numbers: Iterable<number>): number[] {
    return [...numbers].filter((n) => !this.idsOf.has(n));
  }
}

export function dockerNumber(text: string): number | undefined {
  const found = /^from=docker n=(\d+) x{20}$/.exec(text);
  return found ? Number(found[1]) : undefined;
}

export interface Verdict {
  readonly problems: readonly string[];
  readonly summary: string;
}

/** Compares what was written with what arrived. Sluice has ended. */
export async function verify(world: World, docker: readonly number[]): Promise<Verdict> {
  const problems = unbalanced(readBooks(world.disk.stateDir));
  const books = readBooks(world.disk.stateDir);
  const graylog = (await world.graylog.accepted()).map((message) => ({
    id: String(message["_event_id"]),
    text: String(message["full_message"] ?? message["short_message"]),
  }));
  const objects = await readObjects(world.store, BUCKET, join(world.dir, "objects"));
  const stored = [...objects.values()].flatMap((content) =>
    content
      .toString()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .map((event) => ({ id: String(event["event.id"]), text: String(event["message"]) })),
  );
  const complain = (what: string, n: number) => void (n > 0 && problems.push(`${what}: ${n}`));
  const summary: string[] = [];
  const numbers = { file: range(world.file.written), docker, tcp: [] };
  const names = { file: "files", docker: "containers", tcp: "net" };
  for (const from of ["file", "docker", "tcp"] as const) {
    const gelf = new Tally(from, graylog);
    const s3 = new Tally(from, stored);
    complain(`${from}: lines that are not in Graylog`, gelf.missing(numbers[from]).length);
    complain(`${from}: lines that are not in S3`, s3.missing(numbers[from]).length);
    complain(`${from}: lines with two ids in Graylog`, gelf.twoIds);
    complain(`${from}: lines twice in S3`, s3.repeats + s3.twoIds);
    if (from !== "tcp") complain(`${from}: lines that nobody wrote`, gelf.others + s3.others);
    const read = books.get(names[from])?.in ?? 0;
    // What a socket gave, and one sink's buffer had when sluice was killed and the other's had not, reaches only the one.
    const arrived = new Set([...gelf.copies.keys(), ...s3.copies.keys()]).size;
    const half = 2 * arrived - gelf.copies.size - s3.copies.size;
    complain(`${from}: ${read} in the ledger, ${arrived} arrived, difference`, Math.abs(read - arrived));
    if (from === "tcp") summary.push(`tcp: ${half} events reached one far end only, as sluice was killed in between`);
    else complain(`${from}: events that reached one far end only`, half);
    const written = from === "tcp" ? world.tcp.written : numbers[from].length;
    const lost = written - gelf.idsOf.size;
    summary.push(
      `${from}: ${written} written, ${gelf.idsOf.size} in Graylog (and ${gelf.repeats} repeats), ${s3.idsOf.size} in S3` +
        (from === "tcp" ? `; ${lost} lost with connections, ${gelf.others} pieces of lines` : ""),
    );
  }
  complain("uploads that are open", (await world.store.client.openUploads(BUCKET)).length);
  complain("messages that Graylog refused", (await world.graylog.rejected()).length);
  problems.push(...world.sluice.surprises);
  return { problems, summary: summary.join("\n") };
}

function range(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}

/** Lines that are in the log files in the end: what the writer believes it has written. */
export function linesInLogs(dir: string): number {
  const logs = readdirSync(dir).filter((name) => name.startsWith("app.log"));
  return logs.reduce((sum, name) => sum + readFileSync(join(dir, name), "utf8").split("\n").length - 1, 0);
}
