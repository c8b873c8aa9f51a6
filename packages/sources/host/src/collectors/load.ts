import type { Event } from "@sluice/core";
import type { Observation } from "@sluice/sampling";
import type { HostFiles } from "../host-files.ts";
import { observe } from "../observe.ts";
import { two } from "../text/amounts.ts";
import type { Collector } from "./collector.ts";
import { countUsers } from "./users.ts";

/** Uptime, load and users. */
export class LoadCollector implements Collector {
  readonly datasets = ["system.load"];
  readonly #files: HostFiles;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  collect(): Observation[] {
    const [one = 0, five = 0, fifteen = 0] = this.#files.proc("loadavg").split(" ").map(Number);
    const seconds = Math.floor(Number(this.#files.proc("uptime").split(" ")[0]));
    const cores = [...this.#files.proc("stat").matchAll(/^cpu\d+ /gm)].length;
    const users = countUsers(this.#files);
    const fields: Event = {
      "system.load.1": one,
      "system.load.5": five,
      "system.load.15": fifteen,
      "system.load.norm.1": two(one / cores),
      "system.load.norm.5": two(five / cores),
      "system.load.norm.15": two(fifteen / cores),
      "system.load.cores": cores,
      "system.uptime.duration.ms": seconds * 1000,
      "host.uptime": seconds,
      "system.users.count": users,
    };
    const loads = [one, five, fifteen].map((load) => load.toFixed(2)).join(", ");
    const text = `up ${uptimeText(seconds)},  ${users} user${users === 1 ? "" : "s"},  load average: ${loads}`;
    return [observe("system.load", "load", `${clock(new Date())} ${text}`, fields)];
  }
}

function clock(date: Date): string {
  return date.toTimeString().slice(0, 8);
}

/** As `uptime` prints it: `54 days, 17:59` or `12 min`. */
export function uptimeText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor(minutes / 60) % 24;
  const rest =
    hours > 0 ? `${String(hours).padStart(2)}:${String(minutes % 60).padStart(2, "0")}` : `${minutes % 60} min`;
  return days > 0 ? `${days} day${days === 1 ? "" : "s"}, ${rest}` : rest;
}
