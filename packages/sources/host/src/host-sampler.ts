import { errorText, type SourceContext } from "@sluice/core";
import type { Observation, Sample, Sampler } from "@sluice/sampling";
import { CgroupCollector } from "./collectors/cgroup.ts";
import type { Collector } from "./collectors/collector.ts";
import { CpuCollector } from "./collectors/cpu.ts";
import { DirectoryCollector } from "./collectors/directories.ts";
import { FilesystemCollector } from "./collectors/filesystems.ts";
import { LoadCollector } from "./collectors/load.ts";
import { MemoryCollector } from "./collectors/memory.ts";
import { NetworkCollector } from "./collectors/network.ts";
import { ProcessCollector } from "./collectors/processes.ts";
import { ServiceCollector } from "./collectors/services.ts";
import { SocketCollector } from "./collectors/sockets.ts";
import { HostFiles } from "./host-files.ts";
import { type HostOptions, KINDS, type Kind } from "./options.ts";

/** How long the first sample waits to see counters grow. */
const BASELINE_MS = 1000;

/** Samples all that is to be collected; what fails is said once and does not keep back the rest. */
export class HostSampler implements Sampler {
  readonly #collectors: ReadonlyMap<Kind, Collector>;
  readonly #baseline: number;
  /** What went wrong the last time, by kind: it is said again only when it changes. */
  readonly #troubles = new Map<Kind, string>();

  constructor(options: HostOptions) {
    this.#collectors = collectorsOf(options);
    this.#baseline = Math.min(BASELINE_MS, options.interval);
  }

  async prepare(ctx: SourceContext): Promise<void> {
    for (const collector of this.#collectors.values()) {
      try {
        collector.baseline?.();
      } catch {
        // The sample itself will say what is wrong.
      }
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#baseline);
      ctx.stop.addEventListener("abort", () => resolve(clearTimeout(timer)), { once: true });
    });
  }

  async sample(ctx: SourceContext): Promise<Sample> {
    const observations: Observation[] = [];
    const complete: string[] = [];
    for (const [kind, collector] of this.#collectors) {
      const seen = await this.#collect(kind, collector, ctx);
      if (!seen || ctx.stop.aborted) continue;
      observations.push(...seen);
      complete.push(...collector.datasets);
    }
    return { observations, complete };
  }

  async #collect(kind: Kind, collector: Collector, ctx: SourceContext): Promise<readonly Observation[] | undefined> {
    try {
      const seen = await collector.collect(ctx);
      if (this.#troubles.delete(kind)) ctx.log.info({ kind }, "can be collected again");
      return seen;
    } catch (error) {
      const text = errorText(error);
      if (this.#troubles.get(kind) !== text)
        ctx.log.warn({ code: "SLUICE_SOURCE", kind, error: text }, "cannot be collected");
      this.#troubles.set(kind, text);
      return undefined;
    }
  }
}

function collectorsOf(options: HostOptions): Map<Kind, Collector> {
  const files = new HostFiles(options);
  const make: Record<Kind, () => Collector> = {
    cpu: () => new CpuCollector(files),
    load: () => new LoadCollector(files),
    memory: () => new MemoryCollector(files),
    filesystems: () => new FilesystemCollector(files, options.exclude_types),
    network: () => new NetworkCollector(files),
    processes: () => new ProcessCollector(files, options.processes),
    sockets: () => new SocketCollector(files, options.sockets),
    services: () => new ServiceCollector(options.services),
    directories: () => new DirectoryCollector(files, options.directories ?? []),
    cgroup: () => new CgroupCollector(files),
  };
  const wanted = new Set<Kind>(options.collect);
  if (options.services) wanted.add("services");
  if (options.directories) wanted.add("directories");
  return new Map(KINDS.filter((kind) => wanted.has(kind)).map((kind) => [kind, make[kind]()]));
}
