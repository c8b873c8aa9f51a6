import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Event, SourceContext } from "@sluice/core";
import type { Observation } from "@sluice/sampling";
import { observe } from "../observe.ts";
import type { HostOptions } from "../options.ts";
import type { Collector } from "./collector.ts";

const run = promisify(execFile);
const PROPERTIES =
  "Id,Names,Description,LoadState,ActiveState,SubState,Result,MainPID,NRestarts,MemoryCurrent,TasksCurrent,StateChangeTimestamp";
const PATIENCE_MS = 10_000;
const MOST_OUTPUT = 16 * 1024 * 1024;

type Unit = ReadonlyMap<string, string>;

/** The services of systemd: expected and failed ones, or all. */
export class ServiceCollector implements Collector {
  readonly datasets = ["system.service", "system.service.summary"];
  readonly #options: NonNullable<HostOptions["services"]>;

  constructor(options: HostOptions["services"]) {
    this.#options = options ?? { expected: [], all: false, systemctl: "systemctl" };
  }

  async collect(ctx: SourceContext): Promise<Observation[]> {
    const { expected, all } = this.#options;
    const wanted = expected.map(unitName);
    const units = await this.#show(["--all", "*.service"], ctx);
    const asked = wanted.length > 0 ? await this.#show(["--", ...wanted], ctx) : [];
    const ids = new Set(asked.map((unit) => unit.get("Id")));
    const others = units.filter((unit) => !ids.has(unit.get("Id")) && (all || unit.get("ActiveState") === "failed"));
    return [
      summaryOf(units),
      ...asked.map((unit) => serviceSeen(unit, true)),
      ...others.map((unit) => serviceSeen(unit, false)),
    ];
  }

  async #show(which: readonly string[], ctx: SourceContext): Promise<Unit[]> {
    try {
      const { stdout } = await run(
        this.#options.systemctl,
        ["show", "--no-pager", `--property=${PROPERTIES}`, ...which],
        {
          env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
          timeout: PATIENCE_MS,
          killSignal: "SIGKILL",
          maxBuffer: MOST_OUTPUT,
          signal: ctx.stop,
        },
      );
      return parseUnits(stdout);
    } catch (error) {
      const { code, stderr } = error as { code?: unknown; stderr?: string };
      if (code === "ENOENT")
        throw new Error(`there is no ${this.#options.systemctl} here: services need systemd`, { cause: error });
      throw new Error(
        `systemctl cannot be asked: ${stderr?.trim().split("\n")[0] || `it ended with ${String(code)}`}`,
        { cause: error },
      );
    }
  }
}

function unitName(name: string): string {
  return /\.(?:service|socket|timer|mount|target|path|slice|scope|device|swap|automount)$/.test(name)
    ? name
    : `${name}.service`;
}

/** Reads what `systemctl show` prints: `Name=value` lines, an empty line between units. */
export function parseUnits(text: string): Unit[] {
  return text
    .split(/\n\n+/)
    .map(
      (block) =>
        new Map(
          block
            .split("\n")
            .filter((line) => line.includes("="))
            .map(pairOf),
        ),
    )
    .filter((unit) => unit.has("Id"));
}

function pairOf(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}

function summaryOf(units: readonly Unit[]): Observation {
  const count = (state: string): number => units.filter((unit) => unit.get("ActiveState") === state).length;
  const loaded = units.filter((unit) => unit.get("LoadState") === "loaded").length;
  const text = `Services: ${loaded} loaded, ${count("active")} active, ${count("failed")} failed`;
  return observe("system.service.summary", "summary", text, {
    "system.service.summary.loaded": loaded,
    "system.service.summary.active": count("active"),
    "system.service.summary.failed": count("failed"),
  });
}

function serviceSeen(unit: Unit, isExpected: boolean): Observation {
  const of = (name: string): string => unit.get(name) ?? "";
  const id = of("Id");
  const name = id.replace(/\.service$/, "");
  const state = of("ActiveState");
  const numbers: Event = {};
  const addNumber = (field: string, property: string): void => {
    // What is not counted is printed as `[not set]`, or as the largest number there is.
    if (/^\d{1,15}$/.test(of(property))) numbers[field] = Number(of(property));
  };
  addNumber("process.pid", "MainPID");
  addNumber("system.service.restarts", "NRestarts");
  addNumber("system.service.resources.memory.usage.bytes", "MemoryCurrent");
  addNumber("system.service.resources.tasks.count", "TasksCurrent");
  if (numbers["process.pid"] === 0) delete numbers["process.pid"];
  const fields: Event = {
    "service.name": name,
    "system.service.name": id,
    "system.service.description": of("Description"),
    "system.service.load_state": of("LoadState"),
    "system.service.state": state,
    "system.service.sub_state": of("SubState"),
    "system.service.result": of("Result"),
    "system.service.expected": isExpected,
    ...numbers,
  };
  const why = of("LoadState") === "not-found" ? "not found" : `${state} (${of("SubState")})`;
  return observe(
    "system.service",
    id,
    state === "active" ? `Service ${name} is active` : `Service ${name} is ${why}!`,
    fields,
  );
}
