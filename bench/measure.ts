import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Contender } from "./contender.ts";
import { DATA_DIR, type JobName, logFor } from "./jobs.ts";
import { treeUsage } from "./process-tree.ts";
import { type Arrivals, Receiver } from "./receiving.ts";

const PATIENCE_MS = 120_000;
const STOP_PATIENCE_MS = 30_000;

export interface Measurement {
  /** Events a second from the start of the process to the last frame. */
  readonly wallRate: number;
  /** Events a second between the frames at 10 % and at 90 %. */
  readonly steadyRate: number;
  /** CPU seconds for a million events, start of the program included. */
  readonly cpuPerMillion: number;
  /** Bytes. */
  readonly peakRss: number;
  readonly arrivals: Arrivals;
}

/** Has a program do a job once; `savePrefix` keeps the frames. Rejects when not all lines arrive. */
export async function measure(
  contender: Contender,
  job: JobName,
  lines: number,
  savePrefix?: string,
): Promise<Measurement> {
  const log = logFor(job, lines);
  readFileSync(log); // so that everyone finds it in the page cache
  const dir = join(DATA_DIR, "scratch");
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const receiver = await Receiver.start(lines, savePrefix);
  const started = performance.timeOrigin + performance.now();
  const child = start(contender, { job, log, port: receiver.port, dir });
  const arrived = await arrival(receiver, child);
  const usage = treeUsage(child.pid as number);
  await stop(child);
  const arrivals = await receiver.finish();
  if (!arrived) throw new Error(failure(contender, job, lines, arrivals, dir));
  return {
    wallRate: lines / ((arrivals.last - started) / 1000),
    steadyRate: (lines * 0.8) / ((arrivals.ninety - arrivals.tenth) / 1000),
    cpuPerMillion: (usage.cpu / lines) * 1e6,
    peakRss: usage.rss,
    arrivals,
  };
}

function start(contender: Contender, run: Parameters<Contender["command"]>[0]): ChildProcess {
  const { file, args, env } = contender.command(run);
  const output = openSync(join(run.dir, "output.txt"), "w");
  const child = spawn(file, args, {
    stdio: ["ignore", output, output],
    env: { ...process.env, TZ: "UTC", BENCH_LOG: run.log, BENCH_PORT: String(run.port), BENCH_DIR: run.dir, ...env },
  });
  closeSync(output);
  return child;
}

async function arrival(receiver: Receiver, child: ChildProcess): Promise<boolean> {
  const giveUp = new AbortController();
  const signal = AbortSignal.any([giveUp.signal, AbortSignal.timeout(PATIENCE_MS)]);
  // Some programs end by themselves at the end of their input: what they sent may still be on its way.
  child.once("exit", () => void delay(2000).then(() => giveUp.abort()));
  return await receiver.allArrived(signal).then(
    () => true,
    () => false,
  );
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE_MS);
  await exited;
  clearTimeout(killer);
}

function failure(contender: Contender, job: JobName, lines: number, arrivals: Arrivals, dir: string): string {
  const said = readFileSync(join(dir, "output.txt"), "utf8").slice(-2000);
  return `${contender.name}, ${job}: ${arrivals.frames} of ${lines} frames arrived. It said:\n${said}`;
}
