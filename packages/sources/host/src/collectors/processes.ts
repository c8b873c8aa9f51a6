import type { Event } from "@sluice/core";
import type { Observation } from "@sluice/sampling";
import { type HostFiles, readIfThere } from "../host-files.ts";
import { observe } from "../observe.ts";
import type { HostOptions } from "../options.ts";
import { share } from "../text/amounts.ts";
import type { Collector } from "./collector.ts";
import { readMeminfo } from "./memory.ts";
import { commandLine, isNamed, type Process, readProcesses, userOf } from "./process-table.ts";
import { treeLines } from "./process-tree.ts";

/** States by their letter (proc_pid_stat(5)). */
const STATES: Readonly<Record<string, string>> = {
  R: "running",
  S: "sleeping",
  D: "disk_sleep",
  I: "idle",
  T: "stopped",
  t: "stopped",
  Z: "zombie",
  X: "dead",
};
const STATE_NAMES = [...new Set(Object.values(STATES)), "unknown"];
const MOST_ZOMBIES = 100;

interface Moment {
  readonly at: number;
  /** Seconds since boot. */
  readonly uptime: number;
  readonly processes: readonly Process[];
  readonly memory: number;
}

/** Who uses processor and memory, how many processes there are, which are missing, and zombies. */
export class ProcessCollector implements Collector {
  readonly datasets = ["system.process", "system.process.summary", "system.process.expected", "system.process.zombie"];
  readonly #files: HostFiles;
  readonly #options: HostOptions["processes"];
  #last = new Map<string, number>();
  #lastAt = 0;

  constructor(files: HostFiles, options: HostOptions["processes"]) {
    this.#files = files;
    this.#options = options;
  }

  baseline(): void {
    this.#remember(this.#look());
  }

  collect(): Observation[] {
    const moment = this.#look();
    const usage = this.#usage(moment);
    const users = readUsers(this.#files);
    this.#remember(moment);
    const { tree } = this.#options;
    return [
      summaryOf(moment),
      ...[...this.#top(moment, usage)].map((process) => this.#seen(process, moment, usage, users)),
      ...this.#options.expected.map((name) => this.#expected(name, moment)),
      ...this.#zombies(moment),
      ...(tree === false ? [] : [this.#tree(moment, tree === true ? undefined : tree)]),
    ];
  }

  #look(): Moment {
    const uptime = Number(this.#files.proc("uptime").split(" ")[0]);
    const memory = readMeminfo(this.#files.proc("meminfo"))("MemTotal");
    return { at: performance.now(), uptime, processes: readProcesses(this.#files), memory };
  }

  #remember({ at, processes }: Moment): void {
    this.#lastAt = at;
    this.#last = new Map(processes.map((process) => [identity(process), process.cpuSeconds]));
  }

  /** Share of one core since the last look, or since the start of a newer process. */
  #usage({ at, uptime, processes }: Moment): Map<Process, number> {
    const elapsed = (at - this.#lastAt) / 1000;
    const shares = processes.map((process): [Process, number] => {
      const before = this.#last.get(identity(process));
      const seconds = before === undefined ? Math.max(uptime - process.startedAt, 0.01) : elapsed;
      return [process, share(process.cpuSeconds - (before ?? 0), seconds)];
    });
    return new Map(shares);
  }

  #top({ processes }: Moment, usage: ReadonlyMap<Process, number>): Set<Process> {
    const { top } = this.#options;
    const by = (value: (process: Process) => number): Process[] =>
      [...processes].sort((a, b) => value(b) - value(a) || a.pid - b.pid).slice(0, top);
    return new Set([...by((process) => usage.get(process) ?? 0), ...by(({ rss }) => rss)]);
  }

  #seen(process: Process, moment: Moment, usage: ReadonlyMap<Process, number>, users: ReadonlyMap<number, string>) {
    const { pid, parent, comm, state, rss, virtual, threads, cpuSeconds, startedAt } = process;
    const args = commandLine(this.#files, process);
    const uid = userOf(this.#files, pid);
    const user = uid === undefined ? "?" : (users.get(uid) ?? String(uid));
    const cpu = usage.get(process) ?? 0;
    const fields: Event = {
      "process.pid": pid,
      "process.parent.pid": parent,
      "process.name": comm,
      "process.command_line": args.join(" "),
      "process.args": args,
      "user.name": user,
      ...(uid !== undefined && { "user.id": String(uid) }),
      "process.uptime": Math.floor(moment.uptime - startedAt),
      "process.thread.count": threads,
      "system.process.state": STATES[state] ?? "unknown",
      "system.process.cpu.total.pct": cpu,
      "system.process.cpu.total.ms": Math.round(cpuSeconds * 1000),
      "system.process.cpu.lifetime.pct": share(cpuSeconds, Math.max(moment.uptime - startedAt, 0.01)),
      "system.process.memory.rss.bytes": rss,
      "system.process.memory.rss.pct": share(rss, moment.memory),
      "system.process.memory.size": virtual,
    };
    const shares = `${(cpu * 100).toFixed(1)}% CPU ${((rss / moment.memory) * 100).toFixed(1)}% MEM`;
    return observe("system.process", identity(process), `${pid} ${parent} ${user} ${shares} ${args.join(" ")}`, fields);
  }

  #expected(name: string, { processes }: Moment): Observation {
    const running = processes.filter((process) => process.state !== "Z" && isNamed(this.#files, process, name));
    const text =
      running.length > 0
        ? `Process ${name} is running (${running.length})`
        : `Critical process ${name} is not running!`;
    return observe("system.process.expected", name, text, {
      "process.name": name,
      "system.process.running": running.length > 0,
      "system.process.count": running.length,
      ...(running.length > 0 && { "process.pid": Math.min(...running.map(({ pid }) => pid)) }),
    });
  }

  #zombies({ processes }: Moment): Observation[] {
    const byPid = new Map(processes.map((process) => [process.pid, process]));
    const zombies = processes.filter(({ state }) => state === "Z").slice(0, MOST_ZOMBIES);
    return zombies.map((process) => {
      const parent = byPid.get(process.parent);
      const name = parent?.comm ?? "?";
      const text = `Zombie: ${process.comm} (pid ${process.pid}), its parent ${name} (pid ${process.parent}) does not wait for it`;
      return observe("system.process.zombie", identity(process), text, {
        "process.pid": process.pid,
        "process.name": process.comm,
        "process.parent.pid": process.parent,
        "process.parent.name": name,
        "system.process.state": "zombie",
      });
    });
  }

  #tree({ processes }: Moment, names: readonly string[] | undefined): Observation {
    const lines = treeLines(processes, (process) => commandLine(this.#files, process).join(" "), {
      ...(names && { isWanted: (process: Process) => names.some((name) => isNamed(this.#files, process, name)) }),
    });
    return observe("system.process.tree", "tree", ["    PID    PPID COMMAND", ...lines].join("\n"), {
      "system.process.count": lines.length,
    });
  }
}

/** A pid is used again; with its start it names one process. */
function identity({ pid, startedAt }: Process): string {
  return `${pid}@${startedAt}`;
}

function summaryOf({ processes }: Moment): Observation {
  const counts = Object.fromEntries(STATE_NAMES.map((name) => [name, 0])) as Record<string, number>;
  let threads = 0;
  for (const process of processes) {
    const state = STATES[process.state] ?? "unknown";
    counts[state] = (counts[state] ?? 0) + 1;
    threads += process.threads;
  }
  const fields: Event = { "system.process.summary.total": processes.length, "system.process.summary.threads": threads };
  for (const [state, n] of Object.entries(counts)) fields[`system.process.summary.${state}`] = n;
  const sleeping = (counts["sleeping"] ?? 0) + (counts["disk_sleep"] ?? 0) + (counts["idle"] ?? 0);
  const text = `Tasks: ${processes.length} total, ${counts["running"]} running, ${sleeping} sleeping, ${counts["stopped"]} stopped, ${counts["zombie"]} zombie`;
  return observe("system.process.summary", "summary", text, fields);
}

/** Names of the host's users. */
function readUsers(files: HostFiles): Map<number, string> {
  const users = new Map<number, string>();
  for (const line of (readIfThere(files.onHost("/etc/passwd")) ?? "").split("\n")) {
    const [name, , uid] = line.split(":");
    if (name && uid && !users.has(Number(uid))) users.set(Number(uid), name);
  }
  return users;
}
