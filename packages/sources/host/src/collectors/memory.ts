import type { Event } from "@sluice/core";
import type { Observation } from "@sluice/sampling";
import type { HostFiles } from "../host-files.ts";
import { observe } from "../observe.ts";
import { humanBytes, share } from "../text/amounts.ts";
import type { Collector } from "./collector.ts";

/** Memory and swap, in Metricbeat's terms: `actual.used` is what `free` calls used, `used` counts caches in. */
export class MemoryCollector implements Collector {
  readonly datasets = ["system.memory"];
  readonly #files: HostFiles;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  collect(): Observation[] {
    const of = readMeminfo(this.#files.proc("meminfo"));
    const total = of("MemTotal");
    const free = of("MemFree");
    const cached = of("Buffers") + of("Cached") + of("SReclaimable");
    const available = of("MemAvailable") || free + cached;
    const swapTotal = of("SwapTotal");
    const swapUsed = swapTotal - of("SwapFree");
    const fields: Event = {
      "system.memory.total": total,
      "system.memory.free": free,
      "system.memory.used.bytes": total - free,
      "system.memory.used.pct": share(total - free, total),
      "system.memory.actual.free": available,
      "system.memory.actual.used.bytes": total - available,
      "system.memory.actual.used.pct": share(total - available, total),
      "system.memory.cached": cached,
      "system.memory.shared": of("Shmem"),
      "system.memory.swap.total": swapTotal,
      "system.memory.swap.free": swapTotal - swapUsed,
      "system.memory.swap.used.bytes": swapUsed,
      "system.memory.swap.used.pct": share(swapUsed, swapTotal),
    };
    const amounts = [total, total - available, free, of("Shmem"), cached, available].map(humanBytes);
    const [all, used, unused, shared, cache, rest] = amounts;
    const memory = `Mem: ${all} total, ${used} used, ${unused} free, ${shared} shared, ${cache} buff/cache, ${rest} available`;
    const swap = `Swap: ${humanBytes(swapTotal)} total, ${humanBytes(swapUsed)} used`;
    return [observe("system.memory", "memory", `${memory}; ${swap}`, fields)];
  }
}

/** Reads /proc/meminfo: bytes by name, 0 for what is not there. */
export function readMeminfo(text: string): (name: string) => number {
  const values = new Map<string, number>();
  for (const [, name, kib] of text.matchAll(/^([\w()]+):\s+(\d+)/gm)) values.set(name as string, Number(kib) * 1024);
  return (name) => values.get(name) ?? 0;
}
