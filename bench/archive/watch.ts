import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { treeUsage } from "../process-tree.ts";

const LOOK_MS = 20;
/** A program that has used less than `QUIET_CPU` seconds of CPU time in this time has done its work. */
const QUIET_MS = 3000;
/** More than rsyslog's threads use that look whether there is something to flush. */
const QUIET_CPU = 0.06;
const PATIENCE_MS = 60 * 60_000;

/** What a program used from its start to its end. */
export interface Watched {
  /** Without the time that it only waited to be told that it may end. */
  readonly seconds: number;
  /** Of CPU time. */
  readonly cpu: number;
  /** Bytes. */
  readonly peakRss: number;
  /** Resident bytes, one value a look, evenly over its life. */
  readonly resident: readonly number[];
}

/** Looks at a program until it has ended. One that does not end by itself is told to when it has nothing to do. */
export async function watch(child: ChildProcess, endsItself: boolean): Promise<Watched> {
  const begun = performance.now();
  const resident: number[] = [];
  let last = treeUsage(child.pid as number);
  let active = { at: begun, cpu: last.cpu };
  let waited = 0;
  while (child.exitCode === null && child.signalCode === null) {
    const usage = treeUsage(child.pid as number);
    const now = performance.now();
    // A process that is just ending has no memory any more, and one that has ended no CPU time either.
    if (usage.resident > 0) resident.push(usage.resident);
    if (usage.cpu >= active.cpu + QUIET_CPU) active = { at: now, cpu: usage.cpu };
    last = { ...usage, cpu: Math.max(usage.cpu, last.cpu), rss: Math.max(usage.rss, last.rss) };
    if (!endsItself && waited === 0 && now - active.at > QUIET_MS) {
      waited = now - active.at;
      child.kill("SIGTERM");
    }
    if (now - begun > PATIENCE_MS) child.kill("SIGKILL");
    await sleep(LOOK_MS);
  }
  const seconds = (performance.now() - begun - waited) / 1000;
  return { seconds, cpu: last.cpu, peakRss: last.rss, resident };
}
