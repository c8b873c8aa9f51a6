import { readFileSync } from "node:fs";

/** Milliseconds in a clock tick of `/proc`: USER_HZ is 100 on every Linux (proc(5)). */
const TICK_MS = 10;
/** Where the kernel does not tell a thread's CPU time, wall time counts this much less. */
const WALL_SHARE = 4;

/** CPU milliseconds that a thread of this process has used, in steps of 10; off Linux, a quarter of the wall time. */
export function threadCpuMs(thread: number): number {
  if (thread > 0) {
    try {
      return parseStat(readFileSync(`/proc/self/task/${thread}/stat`, "utf8"));
    } catch {
      // Not Linux, or the thread is gone.
    }
  }
  return performance.now() / WALL_SHARE;
}

/** utime + stime, fields 14 and 15 of proc_pid_stat(5); the name in field 2 may hold anything, also `)`. */
function parseStat(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** CPU milliseconds that the calling thread has used. */
export function ownCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
