import { lookup, Resolver } from "node:dns/promises";
import type { Event } from "@sluice/core";
import { type CheckRun, problemOf } from "../check-sampler.ts";
import type { RECORDS, TargetOptions } from "../options.ts";
import { type Finding, ms, type Phases } from "../result.ts";
import { orAborted } from "../tcp/dial.ts";
import { candidates } from "./search-list.ts";

type RecordType = (typeof RECORDS)[number];

/** Whether a name can be resolved, and to what it should be. */
export async function checkDns(target: TargetOptions, name: string, run: CheckRun): Promise<Finding> {
  const { record, server, expect } = target;
  const phases: Phases = {};
  const label = target.name === undefined || target.name === name ? name : `${target.name} (${name})`;
  const said = { success: `DNS resolution for ${label} works`, failure: `DNS resolution for ${label} failed`, phases };
  const fields: Event = { "url.full": `dns:${name}`, "dns.question.name": name, "dns.question.type": record ?? "A" };
  const asking = performance.now();
  try {
    const usesServer = record !== undefined || server !== undefined;
    const work = usesServer ? askServer(name, record ?? "A", server, run.signal) : askSystem(name);
    const answers = await orAborted(work, run.signal);
    phases.dns = ms(asking);
    const missing = (expect ?? []).filter((wanted) => !answers.includes(wanted.toLowerCase().replace(/\.$/, "")));
    const seen = { ...fields, "dns.answers.data": answers, ...(usesServer ? {} : { "dns.resolved_ip": answers }) };
    return {
      ...said,
      fields: seen,
      ...(missing.length > 0 && { problem: `${missing.join(", ")} is not among the answers` }),
    };
  } catch (error) {
    return { ...said, fields, problem: problemOf(error, run) };
  }
}

/** As every program resolves names: /etc/hosts, then the name servers, with the search list. */
async function askSystem(name: string): Promise<string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

async function askServer(
  name: string,
  record: RecordType,
  server: string | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const resolver = new Resolver({ timeout: 2000, tries: 3 });
  if (server !== undefined) resolver.setServers([server]);
  signal.addEventListener("abort", () => resolver.cancel(), { once: true });
  let failure: unknown;
  for (const candidate of record === "PTR" ? [name] : candidates(name)) {
    try {
      return ((await resolver.resolve(candidate, record)) as unknown[]).flatMap(textOf);
    } catch (error) {
      failure = error;
      if (signal.aborted) break;
    }
  }
  throw failure;
}

/** An answer as it is written in a zone. */
function textOf(answer: unknown): string[] {
  if (typeof answer === "string") return [normal(answer)];
  if (Array.isArray(answer)) return [answer.join("")];
  const { priority, exchange, weight, port, name } = answer as Record<string, string | number>;
  if (exchange !== undefined) return [`${priority} ${normal(String(exchange))}`];
  return [`${priority} ${weight} ${port} ${normal(String(name))}`];
}

function normal(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
