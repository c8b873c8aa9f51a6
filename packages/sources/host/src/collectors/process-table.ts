import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { type HostFiles, readIfThere } from "../host-files.ts";

/** Clock ticks a second in procfs; the same in every Linux that Node.js runs on. */
const TICKS = 100;
const PAGE = 4096;
/** Longest command line that is kept, in characters. */
const MOST_COMMAND = 4096;

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Name as the kernel keeps it: 15 bytes of it at most. */
  readonly comm: string;
  readonly state: string;
  /** Seconds of processor time. */
  readonly cpuSeconds: number;
  /** Seconds since boot when it started: with the pid it names a process for good. */
  readonly startedAt: number;
  readonly threads: number;
  readonly rss: number;
  readonly virtual: number;
}

/** All processes there are now. */
export function readProcesses(files: HostFiles): Process[] {
  const processes: Process[] = [];
  for (const name of readdirSync(files.procRoot)) {
    const code = name.charCodeAt(0);
    if (code < 48 || code > 57) continue;
    // It may have ended since.
    const stat = readIfThere(join(files.procRoot, name, "stat"));
    const process = stat === undefined ? null : parseStat(stat);
    if (process) processes.push(process);
  }
  return processes;
}

/** Reads /proc/PID/stat (proc_pid_stat(5)); the name in parentheses may hold anything, parentheses too. */
export function parseStat(stat: string): Process | null {
  const open = stat.indexOf("(");
  const close = stat.lastIndexOf(")");
  if (open < 0 || close < open) return null;
  const rest = stat.slice(close + 2).split(" ");
  const at = (field: number): number => Number(rest[field - 3]);
  return {
    pid: Number(stat.slice(0, open)),
    comm: stat.slice(open + 1, close),
    state: rest[0] as string,
    parent: at(4),
    cpuSeconds: (at(14) + at(15)) / TICKS,
    threads: at(20),
    startedAt: at(22) / TICKS,
    virtual: at(23),
    rss: at(24) * PAGE,
  };
}

/** Its arguments, or its name in brackets for a thread of the kernel or a zombie, as `ps` prints it. */
export function commandLine(files: HostFiles, { pid, comm, state }: Process): string[] {
  const text = readIfThere(join(files.procRoot, String(pid), "cmdline")) ?? "";
  const parts = text.slice(0, MOST_COMMAND).replace(/\0+$/, "").split("\0");
  if (parts.length > 1 || parts[0] !== "") return parts;
  return [state === "Z" ? `[${comm}] <defunct>` : `[${comm}]`];
}

/**
 * Whether a process has that name: by its own, of which the kernel keeps 15 bytes (and which it may change), or by that of
 * the program it was started as.
 */
export function isNamed(files: HostFiles, process: Process, name: string): boolean {
  if (process.comm === name) return true;
  const [program = "", script = ""] = commandLine(files, process);
  if (basename(program) === name) return true;
  // A script is named after itself, but it is an interpreter that was started.
  return name.length > 15 && process.comm === name.slice(0, 15) && basename(script) === name;
}

/** The user it runs as, by number. */
export function userOf(files: HostFiles, pid: number): number | undefined {
  const m = /^Uid:\s+\d+\s+(\d+)/m.exec(readIfThere(join(files.procRoot, String(pid), "status")) ?? "");
  return m ? Number(m[1]) : undefined;
}
