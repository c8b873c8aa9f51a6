import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in /proc; 100 on every Linux that Node runs on. */
const TICKS = 100;

export interface Usage {
  /** Seconds of user and system time, with those of ended children. */
  readonly cpu: number;
  /** Sum of the processes' peak resident set sizes, in bytes. */
  readonly rss: number;
  /** Sum of their resident set sizes now, in bytes. */
  readonly resident: number;
}

/** What a process and its descendants have used so far. */
export function treeUsage(pid: number): Usage {
  const total = { cpu: 0, rss: 0, resident: 0 };
  for (const member of tree(pid)) {
    total.cpu += cpuSeconds(member);
    const status = read(`/proc/${member}/status`);
    total.rss += kilobytes(status, "VmHWM") * 1024;
    total.resident += kilobytes(status, "VmRSS") * 1024;
  }
  return total;
}

function tree(pid: number): number[] {
  const found: number[] = [];
  const wanted = [pid];
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    found.push(next);
    for (const task of entries(`/proc/${next}/task`)) {
      wanted.push(...read(`/proc/${next}/task/${task}/children`).split(" ").filter(Boolean).map(Number));
    }
  }
  return found;
}

function cpuSeconds(pid: number): number {
  // The second field is the name in parentheses and may hold spaces; utime is the 14th.
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, "")
    .split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
}

// A process may end between two looks at it.
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
