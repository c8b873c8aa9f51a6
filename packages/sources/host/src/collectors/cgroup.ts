import { join } from "node:path";
import type { Event } from "@sluice/core";
import type { Observation } from "@sluice/sampling";
import { type HostFiles, readIfThere } from "../host-files.ts";
import { observe } from "../observe.ts";
import { humanBytes, percent, share, two } from "../text/amounts.ts";
import type { Collector } from "./collector.ts";

/** What is as large as this is no limit: version 1 has no word for "none". */
const NO_LIMIT = 2 ** 60;

interface Limits {
  readonly version: 1 | 2;
  readonly memory: number | undefined;
  readonly usage: number | undefined;
  /** Processors, e.g. 1.5. */
  readonly cpus: number | undefined;
  readonly throttled: number | undefined;
  readonly tasks: number | undefined;
  readonly mostTasks: number | undefined;
}

/** Limits of the container that sluice runs in; nothing where none is set. */
export class CgroupCollector implements Collector {
  readonly datasets = ["system.cgroup"];
  readonly #files: HostFiles;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  collect(): Observation[] {
    const limits = readLimits(this.#files);
    const { version, memory, usage, cpus, throttled, tasks, mostTasks } = limits;
    if (memory === undefined && cpus === undefined && mostTasks === undefined) return [];
    const fields: Event = { "system.cgroup.version": version };
    const set = (name: string, value: number | undefined): void => {
      if (value !== undefined) fields[`system.cgroup.${name}`] = value;
    };
    set("memory.limit.bytes", memory);
    set("memory.usage.bytes", usage);
    set("memory.usage.pct", memory && usage !== undefined ? share(usage, memory) : undefined);
    set("cpu.limit.cores", cpus);
    set("cpu.throttled.periods", throttled);
    set("pids.count", tasks);
    set("pids.limit", mostTasks);
    const parts = [
      memory ? `memory ${humanBytes(usage ?? 0)} of ${humanBytes(memory)} (${percent((usage ?? 0) / memory)})` : "",
      cpus ? `${cpus} CPUs, throttled in ${throttled ?? 0} periods` : "",
      mostTasks ? `${tasks ?? 0} of ${mostTasks} tasks` : "",
    ];
    return [observe("system.cgroup", "cgroup", `Limits: ${parts.filter((part) => part !== "").join("; ")}`, fields)];
  }
}

function readLimits(files: HostFiles): Limits {
  const text = files.ofNamespace("cgroup");
  const own = /^0::(.*)$/m.exec(text)?.[1];
  const base = join(files.sysRoot, "fs/cgroup");
  const isSecond = readIfThere(join(base, "cgroup.controllers")) !== undefined;
  return isSecond ? ofVersion2(dirsOf(base, own ?? "/")) : ofVersion1(base, text);
}

/** The group's own directory, or the root of the mount: in a container it is the group itself. */
function dirsOf(base: string, group: string): string[] {
  return [join(base, group), base];
}

function ofVersion2(dirs: readonly string[]): Limits {
  const of = (name: string): string | undefined => first(dirs, name);
  const [quota = "max", period = "100000"] = (of("cpu.max") ?? "max").split(" ");
  return {
    version: 2,
    memory: limitOf(of("memory.max")),
    usage: limitOf(of("memory.current")),
    cpus: quota === "max" ? undefined : two(Number(quota) / Number(period)),
    throttled: limitOf(/^nr_throttled (\d+)$/m.exec(of("cpu.stat") ?? "")?.[1]),
    tasks: limitOf(of("pids.current")),
    mostTasks: limitOf(of("pids.max")),
  };
}

function ofVersion1(base: string, groups: string): Limits {
  const of = (controller: string, name: string): string | undefined => {
    const group = new RegExp(`^\\d+:(?:.*,)?${controller}(?:,[^:]*)?:(.*)$`, "m").exec(groups)?.[1] ?? "/";
    return first(dirsOf(join(base, controller), group), name);
  };
  const quota = Number(of("cpu", "cpu.cfs_quota_us") ?? -1);
  const period = Number(of("cpu", "cpu.cfs_period_us") ?? 100_000);
  return {
    version: 1,
    memory: limitOf(of("memory", "memory.limit_in_bytes")),
    usage: limitOf(of("memory", "memory.usage_in_bytes")),
    cpus: quota > 0 ? two(quota / period) : undefined,
    throttled: limitOf(/^nr_throttled (\d+)$/m.exec(of("cpu", "cpu.stat") ?? "")?.[1]),
    tasks: limitOf(of("pids", "pids.current")),
    mostTasks: limitOf(of("pids", "pids.max")),
  };
}

function first(dirs: readonly string[], name: string): string | undefined {
  for (const dir of dirs) {
    const text = readIfThere(join(dir, name));
    if (text !== undefined) return text.trim();
  }
  return undefined;
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= NO_LIMIT ? undefined : value;
}
