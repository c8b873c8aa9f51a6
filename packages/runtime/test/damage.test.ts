import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type SluiceError, silentLogger } from "@sluice/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { newLedger } from "../src/state/ledger.ts";
import { openState } from "../src/state/state.ts";
import { temporaryDir } from "./support.ts";

const KEPT = /^state\.db\.corrupt-\d{8}T\d{9}Z$/;

/** A state directory as a run leaves it: with positions, held batches, a journalled cut and an open log (`-wal`). */
function usedDir({ killed = false } = {}): string {
  const dir = join(temporaryDir(), "state");
  const state = openState(dir);
  for (let i = 0; i < 300; i++) {
    const ledger = { ...newLedger(), in: 1, delivered: 1 };
    state.commit({ pipeline: "p", source: "s", streamKey: `stream ${i}`, position: { n: "x".repeat(100) }, ledger });
  }
  state.buffer("p", "out").adopt({ seq: 1, batch: 1, events: 5 });
  state.journal("p", "out").setNote("upload:x", { key: "k" });
  state.flush();
  if (!killed) {
    state.close();
    return dir;
  }
  const copy = join(temporaryDir(), "state");
  mkdirSync(copy);
  for (const name of ["state.db", "state.db-wal"]) copyFileSync(join(dir, name), join(copy, name));
  state.close();
  return copy;
}

/** Opens a directory and tells what was logged. */
function open(dir: string) {
  const logged: string[] = [];
  const log = { ...silentLogger, error: (_: object, message: string) => void logged.push(message) };
  return { state: openState(dir, { log }), logged };
}

const overwrite = (path: string, at: number, bytes: Uint8Array) => {
  const content = readFileSync(path);
  content.set(bytes, at);
  writeFileSync(path, content);
};

const DAMAGES: Readonly<Record<string, (path: string, dir: string) => void>> = {
  garbage: (path) => writeFileSync(path, "this is not a database at all".repeat(100)),
  "no byte": (path) => truncateSync(path, 0),
  "a part of its header": (path) => truncateSync(path, 60),
  "half of it": (path) => truncateSync(path, Math.floor(statSync(path).size / 2)),
  "pages that were overwritten": (path) => overwrite(path, 4096, Buffer.alloc(8192, 0xaa)),
  "a half page that was overwritten": (path) => overwrite(path, 4096 * 2, Buffer.alloc(2048)),
  "JSON that is none": (path) => {
    const db = new DatabaseSync(path);
    db.exec(`UPDATE positions SET position = '{"n";' WHERE stream = 'stream 7'`);
    db.close();
  },
  "tables of something else": (path) => {
    rmSync(path);
    const db = new DatabaseSync(path);
    db.exec("CREATE TABLE positions (a, b); PRAGMA user_version = 5");
    db.close();
  },
  "a version without its tables": (path) => {
    rmSync(path);
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 3");
    db.close();
  },
  "a log of garbage": (path) => writeFileSync(`${path}-wal`, "garbage ".repeat(1000)),
  "nothing, though there are buffers": (path, dir) => {
    rmSync(path);
    mkdirSync(join(dir, "buffers"));
  },
};

for (const [name, damage] of Object.entries(DAMAGES)) {
  test(`a database with ${name} is set aside as it is, in one line, and a new one knows of it`, () => {
    const dir = usedDir();
    const path = join(dir, "state.db");
    chmodSync(path, 0o600);
    damage(path, dir);
    const before = existsSync(path) ? readFileSync(path) : undefined;
    const mode = existsSync(path) ? statSync(path).mode : undefined;
    const { state, logged } = open(dir);
    expect(logged).toEqual([expect.stringContaining(`the state database ${path} cannot be used: `)]);
    const kept = readdirSync(dir).filter((file) => KEPT.test(file));
    expect(kept).toHaveLength(before ? 1 : 0);
    if (kept[0] !== undefined) {
      expect(logged[0]).toContain(`it is set aside as ${kept[0]}`);
      expect(statSync(join(dir, kept[0])).mode).toBe(mode);
      if (!/version|tables/.test(name)) {
        expect(readFileSync(join(dir, kept[0])).equals(before as Buffer)).toBe(true);
      }
    }
    expect(state.loss).toMatchObject({ kept: kept[0] ?? "", earlier: 0 });
    expect([state.source("p", "s").all().size, state.ledger("p").in]).toEqual([0, 0]);
    state.close();
    const again = open(dir);
    expect([again.logged, again.state.loss?.kept]).toEqual([[], kept[0] ?? ""]);
    again.state.close();
  });
}

test("the log goes with its database, and a second one beside the first", () => {
  const dir = usedDir({ killed: true });
  expect(statSync(join(dir, "state.db-wal")).size).toBeGreaterThan(0);
  writeFileSync(join(dir, "state.db"), "garbage".repeat(1000));
  open(dir).state.close();
  const [kept] = readdirSync(dir).filter((name) => KEPT.test(name));
  expect(readdirSync(dir)).toContain(`${kept}-wal`);
  truncateSync(join(dir, "state.db"), 0);
  const second = open(dir).state;
  expect(second.loss?.earlier).toBe(1);
  second.close();
  expect(readdirSync(dir).filter((name) => KEPT.test(name))).toHaveLength(2);
});

test("a log whose end is torn is what a power cut leaves: the commits before count", () => {
  const dir = usedDir({ killed: true });
  appendFileSync(join(dir, "state.db-wal"), Buffer.alloc(5000, 0xaa));
  const { state, logged } = open(dir);
  expect([logged, state.source("p", "s").all().size]).toEqual([[], 300]);
  state.close();
});

test("after a loss the components of all pipelines begin at the beginning, later ones do not", () => {
  const dir = usedDir();
  truncateSync(join(dir, "state.db"), 0);
  const first = open(dir).state;
  first.expect("p", ["s", "out"]);
  expect([first.source("p", "s").lost, first.source("q", "s").lost]).toEqual([true, false]);
  expect(first.journal("p", "out").lost).toMatch(/^\w{6}$/);
  first.close();
  // Killed before all pipelines were started: the next start has to learn of the others.
  const second = open(dir).state;
  second.expect("q", ["s"]);
  second.allKnown();
  second.expect("r", ["s"]);
  second.close();
  const third = open(dir).state;
  third.expect("later", ["s"]);
  const lost = ["p", "q", "r", "later"].map((pipeline) => third.source(pipeline, "s").lost);
  expect(lost).toEqual([true, true, false, false]);
  third.close();
});

test("killed between setting aside and beginning anew, the loss is known at the next start", () => {
  const dir = usedDir();
  truncateSync(join(dir, "state.db"), 0);
  open(dir).state.close();
  rmSync(join(dir, "state.db"));
  const { state, logged } = open(dir);
  expect(logged[0]).toContain("it is gone, although the directory was in use");
  expect(state.loss?.earlier).toBe(1);
  state.close();
});

test("a database of a newer sluice is refused, and left as it is", () => {
  const dir = usedDir();
  const db = new DatabaseSync(join(dir, "state.db"));
  db.exec("PRAGMA user_version = 99; CREATE TABLE more (a)");
  db.close();
  const refused = () => openState(dir);
  expect(refused).toThrow("was written by a newer sluice (schema 99)");
  expect(readdirSync(dir).filter((name) => name.includes("corrupt"))).toEqual([]);
});

test("a database of each older sluice is upgraded, and keeps what it holds", () => {
  for (const version of [1, 2, 3, 4]) {
    const dir = usedDir();
    const path = join(dir, "state.db");
    const db = new DatabaseSync(path);
    const added = [
      [],
      ["sink_notes"],
      ["held_batches", "held_parts"],
      ["step_memory"],
      ["state_losses", "lost_components"],
    ];
    for (const table of added.slice(version).flat()) db.exec(`DROP TABLE ${table}`);
    db.exec(`PRAGMA user_version = ${version}`);
    db.close();
    const { state, logged } = open(dir);
    expect([version, logged, state.source("p", "s").all().size, state.ledger("p").delivered]).toEqual([
      version,
      [],
      300,
      300,
    ]);
    state.close();
  }
});

test.each(["state.db", "state.db-wal", "lock.db", "sluice.pid"])("a symbolic link %s is not followed", (name) => {
  const dir = usedDir();
  const target = join(temporaryDir(), "theirs");
  writeFileSync(target, "theirs");
  rmSync(join(dir, name), { force: true });
  symlinkSync(target, join(dir, name));
  expect(() => openState(dir)).toThrow("is a symbolic link");
  expect(readFileSync(target, "utf8")).toBe("theirs");
});

test("a lock file of garbage locks as well", async () => {
  const dir = usedDir();
  writeFileSync(join(dir, "lock.db"), "garbage".repeat(100));
  const holder = spawn(process.execPath, [join(import.meta.dirname, "hold-state.ts"), dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  let code: string | undefined;
  try {
    openState(dir);
  } catch (error) {
    code = (error as SluiceError).code;
  }
  holder.kill("SIGKILL");
  await once(holder, "exit");
  expect(code).toBe("SLUICE_STATE_LOCKED");
});

test("whatever bytes are changed, the database is used or set aside, and never ends the start", () => {
  const whole = readFileSync(join(usedDir(), "state.db"));
  const change = fc.record({
    at: fc.nat({ max: whole.length - 1 }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 5000 }),
  });
  const damages = fc.array(change, { minLength: 1, maxLength: 3 });
  const cut = fc.option(fc.nat({ max: whole.length }), { nil: whole.length, freq: 3 });
  fc.assert(
    fc.property(damages, cut, (changes, length) => {
      const dir = temporaryDir();
      const bytes = Buffer.from(whole);
      for (const { at, bytes: own } of changes) bytes.set(own.subarray(0, bytes.length - at), at);
      writeFileSync(join(dir, "state.db"), bytes.subarray(0, length));
      let state: ReturnType<typeof openState>;
      try {
        state = openState(dir);
      } catch (error) {
        // The version is four bytes of the header.
        expect((error as Error).message).toContain("newer sluice");
        return;
      }
      state.expect("p", ["s", "out"]);
      const positions = state.source("p", "s").all();
      expect(state.loss === undefined || positions.size === 0).toBe(true);
      state.commit({ pipeline: "p", source: "s", streamKey: "x", position: 1, ledger: newLedger() });
      state.journal("p", "out");
      state.ledger("p");
      state.memories("p");
      state.close();
    }),
    { numRuns: 150, seed: Number(process.env["SLUICE_SEED"] ?? 8) },
  );
}, 120_000);
