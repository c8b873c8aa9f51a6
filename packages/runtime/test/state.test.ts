import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SluiceError, silentLogger, type Value } from "@sluice/core";
import { expect, test } from "vitest";
import { HeldStore } from "../src/state/held-store.ts";
import { newLedger } from "../src/state/ledger.ts";
import { LossStore } from "../src/state/loss-store.ts";
import type { Pending } from "../src/state/pending.ts";
import { openMemoryDatabase } from "../src/state/schema.ts";
import { openState, State } from "../src/state/state.ts";
import type { Store } from "../src/state/store.ts";
import { temporaryDir, until } from "./support.ts";

const commit = (streamKey: string, position: Value, events = 1) => ({
  pipeline: "p",
  source: "s",
  streamKey,
  position,
  ledger: { ...newLedger(), in: events, delivered: events, dropped: {}, sinks: { out: sinkBooks(events) } },
});
const sinkBooks = (events: number) => ({ delivered: events, deliveredBytes: 10 * events, dropped: { dead_letter: 2 } });

function thrownBy(action: () => unknown): SluiceError {
  try {
    action();
  } catch (error) {
    return error as SluiceError;
  }
  throw new Error("nothing was thrown");
}

test("positions and the ledger are there after a restart", () => {
  const dir = join(temporaryDir(), "state");
  const first = openState(dir);
  first.commit(commit("a", { offset: 5, hash: "x" }));
  first.commit(commit("a", { offset: 9, hash: "y" }, 2));
  first.commit(commit("b", 1));
  first.close();
  const second = openState(dir);
  expect(second.source("p", "s").all()).toEqual(
    new Map<string, Value>([
      ["a", { offset: 9, hash: "y" }],
      ["b", 1],
    ]),
  );
  expect(second.source("p", "other").all().size).toBe(0);
  second.commit(commit("b", 2));
  const sinks = { out: { delivered: 5, deliveredBytes: 50, dropped: { dead_letter: 8 } } };
  expect(second.ledger("p")).toEqual({ ...newLedger(), in: 5, delivered: 5, sinks });
  second.close();
});

test("files are 0640 and the directory 0750, whatever the umask", () => {
  for (const mask of [0, 0o077]) {
    const dir = join(temporaryDir(), "deep", "state");
    const previous = process.umask(mask);
    const state = openState(dir);
    process.umask(previous);
    state.commit(commit("a", 1));
    state.flush();
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect(mode(dir)).toBe("750");
    for (const name of ["state.db", "state.db-wal", "state.db-shm", "lock.db", "sluice.pid"]) {
      expect([name, mode(join(dir, name))]).toEqual([name, "640"]);
    }
    state.close();
  }
});

test("a second sluice on the same directory is refused, with the other's pid, until the first one dies", async () => {
  const dir = join(temporaryDir(), "state");
  const holder = spawn(process.execPath, [join(import.meta.dirname, "hold-state.ts"), dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  const error = thrownBy(() => openState(dir));
  expect(error.code).toBe("SLUICE_STATE_LOCKED");
  expect(error.message).toContain(`pid ${holder.pid}`);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  openState(dir).close();
});

test("the same process cannot open a directory twice either, but again after close", () => {
  const dir = join(temporaryDir(), "state");
  const state = openState(dir);
  expect(thrownBy(() => openState(dir)).code).toBe("SLUICE_STATE_LOCKED");
  state.close();
  openState(dir).close();
});

test("a directory that cannot be made is a clear error", () => {
  const dir = temporaryDir();
  writeFileSync(join(dir, "file"), "");
  expect(thrownBy(() => openState(join(dir, "file", "state"))).code).toBe("SLUICE_STATE");
  mkdirSync(join(dir, "other", "state.db"), { recursive: true });
  expect(thrownBy(() => openState(join(dir, "other"))).code).toBe("SLUICE_STATE");
});

test("while the disk is full commits wait, are tried again, and nothing is lost or counted twice", async () => {
  const stored = { positions: new Map<string, Value | undefined>(), events: 0 };
  let full = true;
  let attempts = 0;
  const store: Store = {
    apply(pending: Pending) {
      attempts++;
      if (full) throw new Error("database or disk is full");
      for (const entry of pending.positions.values()) stored.positions.set(entry.stream, entry.position);
      for (const ledger of pending.ledgers.values()) stored.events += ledger.in;
      return new Map();
    },
    held: new HeldStore(openMemoryDatabase()),
    losses: new LossStore(openMemoryDatabase()),
    positions: () => new Map(),
    notes: () => new Map(),
    ledger: () => newLedger(),
    memories: () => new Map(),
    close: () => {},
  };
  const logged: string[] = [];
  const log = { ...silentLogger, error: (_: object, message: string) => void logged.push(message) };
  const state = new State(store, { release: () => {} }, log);
  state.commit(commit("a", 1));
  state.commit(commit("b", 1));
  await until(() => attempts > 0);
  state.commit(commit("a", 2));
  expect(thrownBy(() => state.source("p", "s").put(new Map([["c", 1]]))).code).toBe("SLUICE_STATE");
  expect(state.failing).toBe(true);
  expect(state.source("p", "s").all()).toEqual(
    new Map([
      ["a", 2],
      ["b", 1],
      ["c", 1],
    ]),
  );
  await until(() => attempts > 2);
  full = false;
  await until(() => !state.failing);
  expect(stored).toEqual({
    positions: new Map([
      ["a", 2],
      ["b", 1],
      ["c", 1],
    ]),
    events: 3,
  });
  expect(logged).toEqual(["the state database cannot be written: database or disk is full"]);
  state.close();
});
