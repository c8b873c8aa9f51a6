import type { Event } from "@sluice/core";
import type { Observation } from "@sluice/sampling";
import type { HostFiles } from "../host-files.ts";
import { observe } from "../observe.ts";
import { percent, share } from "../text/amounts.ts";
import type { Collector } from "./collector.ts";

/** Columns of /proc/stat in their order (proc_stat(5)); time as a guest is counted as `user`, too. */
const COLUMNS = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"] as const;
type Times = readonly number[];

/** How the processors spent their time since the last sample. */
export class CpuCollector implements Collector {
  readonly datasets = ["system.cpu"];
  readonly #files: HostFiles;
  #last: Times | undefined;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  baseline(): void {
    this.#last = this.#read().times;
  }

  collect(): Observation[] {
    const { times, cores } = this.#read();
    const last = this.#last ?? times.map(() => 0);
    this.#last = times;
    const grown = times.map((time, i) => Math.max(0, time - (last[i] as number)));
    const whole = grown.reduce((sum, time) => sum + time, 0);
    const shares = Object.fromEntries(COLUMNS.map((name, i) => [name, share(grown[i] as number, whole)])) as Record<
      (typeof COLUMNS)[number],
      number
    >;
    const busy = whole > 0 ? share(whole - (grown[3] as number) - (grown[4] as number), whole) : 0;
    const fields: Event = { "system.cpu.cores": cores, "system.cpu.total.norm.pct": busy, "host.cpu.usage": busy };
    for (const name of COLUMNS) fields[`system.cpu.${name}.norm.pct`] = shares[name];
    const parts = COLUMNS.map((name) => `${percent(shares[name])} ${name}`).join(", ");
    return [observe("system.cpu", "cpu", `CPU ${percent(busy)} of ${cores} cores: ${parts}`, fields)];
  }

  #read(): { times: Times; cores: number } {
    const text = this.#files.proc("stat");
    const [first = ""] = text.split("\n");
    const times = first
      .split(/\s+/)
      .slice(1, 1 + COLUMNS.length)
      .map(Number);
    return { times, cores: [...text.matchAll(/^cpu\d+ /gm)].length };
  }
}
