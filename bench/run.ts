// Runs sluice, rsyslog and syslog-ng on the same jobs in turn and prints events/s, CPU, memory and the ratios.
import { parseArgs } from "node:util";
import { competeArchiving, watchMemory } from "./archive/compete.ts";
import type { Contender } from "./contender.ts";
import { rsyslog } from "./contenders/rsyslog.ts";
import { oneWorker, sluice, unsanitized } from "./contenders/sluice.ts";
import { syslogNg } from "./contenders/syslog-ng.ts";
import { fetchPeers } from "./debian-peers.ts";
import { competeGelf } from "./gelf.ts";
import { JOB_NAMES, type JobName } from "./jobs.ts";
import { machine } from "./report.ts";
import { writeResults } from "./results.ts";

const HELP = `Usage: npm run bench -- [options]

Tails a log to its end, parses it and sends it by GELF/TCP to a receiver that counts, or packs it into a store, with each
program in turn.

  --lines N      lines of the log (default 1000000)
  --runs N       measure N times, give the median (default 1)
  --only JOBS    jobs out of ${JOB_NAMES.join(",")} (default all)
  --peers NAMES  out of rsyslog,syslog-ng, or none (default both); syslog-ng packs no files and does not do s3
  --memory       instead of that, look at sluice's memory while it does s3, e.g. with --lines 23000000, which are 5 GB
  --write        keep the result in bench/RESULTS.md

Example: npm run bench -- --only nginx --runs 3`;

const { values } = parseArgs({
  options: {
    lines: { type: "string", default: "1000000" },
    runs: { type: "string", default: "1" },
    only: { type: "string", default: JOB_NAMES.join(",") },
    peers: { type: "string", default: "rsyslog,syslog-ng" },
    memory: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function availablePeers(names: readonly string[]): Contender[] {
  const wanted = [rsyslog, syslogNg].filter(({ name }) => names.includes(name));
  if (wanted.length === 0) return [];
  try {
    fetchPeers();
    return wanted;
  } catch (error) {
    say(`rsyslog and syslog-ng cannot be had here, sluice runs alone: ${(error as Error).message}`);
    return [];
  }
}

/** The names of a comma-separated list; throws on one that is not known. */
function chosen<T extends string>(list: string, known: readonly T[]): T[] {
  const names = list.split(",").filter(Boolean);
  const unknown = names.find((name) => !known.includes(name as T));
  if (unknown !== undefined) throw new Error(`"${unknown}" is none of ${known.join(", ")}`);
  return names as T[];
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`"${text}" is not a number from 1 on`);
  return Number(text);
}

/** A section of Markdown a job. */
async function measureAll(): Promise<string[]> {
  const jobs = chosen(values.only, JOB_NAMES);
  const peers = chosen(values.peers, ["rsyslog", "syslog-ng", "none"]);
  const [lines, runs] = [wholeNumber(values.lines), wholeNumber(values.runs)];
  if (values.memory) return [await watchMemory(sluice, lines)];
  const contenders = [sluice, unsanitized, ...availablePeers(peers)];
  const sections: string[] = [];
  for (const job of jobs) sections.push(await compete(contenders, job, { lines, runs, say }));
  return sections;
}

function compete(contenders: Contender[], job: JobName, effort: Parameters<typeof competeGelf>[2]): Promise<string> {
  if (job !== "s3") return competeGelf(contenders, job, effort);
  const archivers = contenders.filter((contender) => contender !== syslogNg);
  return competeArchiving([oneWorker, ...archivers], effort);
}

async function main(): Promise<void> {
  if (values.help) return console.log(HELP);
  const sections = await measureAll();
  console.log([machine(), ...sections].join("\n\n"));
  if (values.write) writeResults(sections);
}

try {
  await main();
} catch (error) {
  say((error as Error).message);
  process.exitCode = 1;
}
