import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Contender } from "./contender.ts";
import { type GelfJob, logFor } from "./jobs.ts";
import { treeUsage } from "./process-tree.ts";
import { type Arrivals, Receiver } from "./receiving.ts";
import { lastWords, scratchDir, startContender } from "./start.ts";

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
  job: GelfJob,
  lines: number,
  savePrefix?: string,
): Promise<Measurement> {
  const log = logFor(job, lines);
  readFileSync(log); // so that everyone finds it in the page cache
  const dir = scratchDir();
  const receiver = await Receiver.start(lines, savePrefix);
  const started = performance.timeOrigin + performance.now();
  const child = startContender(contender, { job, log, dir }, { BENCH_PORT: String(receiver.port) });
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

function failure(contender: Contender, job: GelfJob, lines: number, arrivals: Arrivals, dir: string): string {
  return `${contender.name}, ${job}: ${arrivals.frames} of ${lines} frames arrived. It said:\n${lastWords(dir)}`;
}
