import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Contender, Run } from "./contender.ts";
import { DATA_DIR } from "./jobs.ts";

/** An empty directory for one run. */
export function scratchDir(): string {
  const dir = join(DATA_DIR, "scratch");
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** Starts a program on a job; what it says goes to a file of its directory. */
export function startContender(contender: Contender, run: Run, env: Readonly<Record<string, string>>): ChildProcess {
  const command = contender.command(run);
  const output = openSync(join(run.dir, "output.txt"), "w");
  const child = spawn(command.file, command.args, {
    stdio: ["ignore", output, output],
    env: { ...process.env, TZ: "UTC", BENCH_LOG: run.log, BENCH_DIR: run.dir, ...env, ...command.env },
  });
  closeSync(output);
  return child;
}

/** The end of what it said. */
export function lastWords(dir: string): string {
  return readFileSync(join(dir, "output.txt"), "utf8").slice(-2000);
}
