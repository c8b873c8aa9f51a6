import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openState } from "../src/state/state.ts";
import { range, temporaryDir } from "./support.ts";

const LINES = 20_000;

test.each(["memory", "disk"])(
  "kill -9 at random moments, %s buffer: nothing is missing and the books agree",
  async (buffer) => {
    const dir = temporaryDir();
    const out = join(dir, "out.txt");
    const stateDir = join(dir, "state");
    let finished = false;
    let kills = 0;
    for (let round = 0; !finished; round++) {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, "kill-child.ts"), stateDir, out, String(LINES), String(round % 3), buffer],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      const exited = once(child, "exit");
      if (round < 12) {
        await Promise.race([once(child.stdout, "data"), exited]);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
        if (child.kill("SIGKILL")) kills++;
      }
      const [code] = await exited;
      finished = code === 0;
      const state = openState(stateDir);
      const positions = state.source("test", "s").all();
      const ledger = state.ledger("test");
      state.close();
      // Only what was written may be committed, and each committed line is counted exactly once.
      const written = new Set(readFileSync(out, "utf8").split("\n"));
      let committed = 0;
      for (const [key, position] of positions) {
        committed += Number(position);
        if (buffer === "disk" && !finished) continue;
        for (let n = 0; n < Number(position); n++)
          if (!written.has(`${key} ${n}`)) throw new Error(`${key} ${n} is missing`);
      }
      expect(ledger.in).toBe(committed);
      expect(ledger.delivered + ledger.buffered).toBe(committed);
      if (finished || buffer === "memory") expect(ledger.buffered).toBe(0);
    }
    const written = new Set(readFileSync(out, "utf8").split("\n"));
    for (const key of ["a", "b"]) expect(range(LINES).filter((n) => !written.has(`${key} ${n}`))).toEqual([]);
    expect(kills).toBeGreaterThan(0);
  },
  300_000,
);
