import { networkInterfaces } from "node:os";
import type { Event } from "@sluice/core";
import type { Observation } from "@sluice/sampling";
import type { HostFiles } from "../host-files.ts";
import { observe } from "../observe.ts";
import { humanBytes } from "../text/amounts.ts";
import type { Collector } from "./collector.ts";

/** Columns of /proc/net/dev that are of use: receiving begins at 0, sending at 8. */
const COUNTERS = { bytes: 0, packets: 1, errors: 2, dropped: 3 } as const;
const SENDING = 8;

interface Reading {
  readonly at: number;
  readonly counters: ReadonlyMap<string, readonly number[]>;
}

/** Counters of each interface, and how they grow a second. */
export class NetworkCollector implements Collector {
  readonly datasets = ["system.network"];
  readonly #files: HostFiles;
  #last: Reading | undefined;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  baseline(): void {
    this.#last = this.#read();
  }

  collect(): Observation[] {
    const now = this.#read();
    const last = this.#last;
    this.#last = now;
    const addresses = this.#files.isOwn ? networkInterfaces() : {};
    return [...now.counters].map(([name, values]) => {
      const before = last?.counters.get(name);
      const fields: Event = {
        "system.network.name": name,
        ...counted(values),
        ...(before && last && rates(values, before, (now.at - last.at) / 1000)),
        "system.network.state": this.#files.sys("class/net", name, "operstate") ?? "unknown",
        "system.network.addresses": (addresses[name] ?? []).map(({ cidr, address }) => cidr ?? address),
      };
      return observe("system.network", name, lineOf(name, fields), fields);
    });
  }

  #read(): Reading {
    const counters = new Map<string, readonly number[]>();
    for (const [, name, values] of this.#files.ofNamespace("net/dev").matchAll(/^\s*(\S+):\s*([\d ]+)$/gm)) {
      counters.set(name as string, (values as string).trim().split(/\s+/).map(Number));
    }
    return { at: performance.now(), counters };
  }
}

function counted(values: readonly number[]): Event {
  const fields: Event = {};
  for (const [name, column] of Object.entries(COUNTERS)) {
    fields[`system.network.in.${name}`] = values[column] ?? 0;
    fields[`system.network.out.${name}`] = values[column + SENDING] ?? 0;
  }
  return fields;
}

/** Growth a second. A counter that went back began anew: then nothing can be said. */
function rates(values: readonly number[], before: readonly number[], seconds: number): Event {
  const fields: Event = {};
  for (const [name, column] of Object.entries(COUNTERS)) {
    for (const [way, place] of [
      ["in", column],
      ["out", column + SENDING],
    ] as const) {
      const grown = (values[place] ?? 0) - (before[place] ?? 0);
      if (grown >= 0 && seconds > 0) fields[`system.network.${way}.${name}_per_second`] = Math.round(grown / seconds);
    }
  }
  return fields;
}

function lineOf(name: string, fields: Event): string {
  const numberOf = (field: string): number => (fields[`system.network.${field}`] as number | undefined) ?? 0;
  const way = (which: string): string => {
    const rate = `${humanBytes(numberOf(`${which}.bytes_per_second`))}/s`;
    const faults = `${numberOf(`${which}.errors`)} errors, ${numberOf(`${which}.dropped`)} dropped`;
    return `${which} ${rate}, ${humanBytes(numberOf(`${which}.bytes`))} in all, ${faults}`;
  };
  const addresses = (fields["system.network.addresses"] as string[]).join(" ");
  const state = (fields["system.network.state"] as string).toUpperCase();
  return `${name} ${state} ${addresses}: ${way("in")}; ${way("out")}`;
}
