// Runs sluice, rsyslog and syslog-ng on the same jobs in turn and prints events/s, CPU, memory and the ratios.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { differences } from "./check.ts";
import type { Contender } from "./contender.ts";
import { rsyslog } from "./contenders/rsyslog.ts";
import { sluice, unsanitized } from "./contenders/sluice.ts";
import { syslogNg } from "./contenders/syslog-ng.ts";
import { fetchPeers } from "./debian-peers.ts";
import { DATA_DIR, JOB_NAMES, type JobName, logFor } from "./jobs.ts";
import { type Measurement, measure } from "./measure.ts";
import { METHOD, machine, markdown, median, type Result } from "./report.ts";

const HELP = `Usage: npm run bench -- [options]

Tails a log to its end, parses it and sends it by GELF/TCP to a receiver that counts, with each program in turn.

  --lines N      lines of the log (default 1000000)
  --runs N       measure N times, give the median (default 1)
  --only JOBS    jobs out of ${JOB_NAMES.join(",")} (default all)
  --peers NAMES  out of rsyslog,syslog-ng, or none (default both)
  --write        keep the result in bench/RESULTS.md

Example: npm run bench -- --only nginx --runs 3`;

const CHECKED_LINES = 20_000;
const { values } = parseArgs({
  options: {
    lines: { type: "string", default: "1000000" },
    runs: { type: "string", default: "1" },
    only: { type: "string", default: JOB_NAMES.join(",") },
    peers: { type: "string", default: "rsyslog,syslog-ng" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Fails unless every line of a smaller log arrives with all its fields and their right values. */
async function check(contender: Contender, job: JobName): Promise<void> {
  const folder = join(DATA_DIR, "frames");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const frames = join(folder, "connection");
  await measure(contender, job, CHECKED_LINES, frames);
  const found = differences(contender, job, logFor(job, CHECKED_LINES), frames);
  if (found.length > 0) {
    throw new Error(`${contender.name}, ${job}: ${found.length} values differ:\n${found.slice(0, 5).join("\n")}`);
  }
}

/** One measurement of each in turn, so that what else the machine does hits all alike. */
async function compete(contenders: readonly Contender[], job: JobName, lines: number, runs: number): Promise<Result[]> {
  const measured = new Map<Contender, Measurement[]>(contenders.map((contender) => [contender, []]));
  for (const contender of contenders) await check(contender, job);
  for (let run = 1; run <= runs; run++) {
    for (const [contender, own] of measured) {
      const result = await measure(contender, job, lines);
      own.push(result);
      say(
        `${job} ${run}/${runs}: ${contender.name} ${Math.round(result.wallRate)} events/s, ${result.cpuPerMillion.toFixed(2)} CPU s/M`,
      );
    }
  }
  return [...measured].map(([contender, own]) => ({
    job,
    lines,
    runs,
    contender: contender.name,
    version: contender.version(),
    median: median(own),
  }));
}

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

async function main(): Promise<void> {
  if (values.help) return console.log(HELP);
  const jobs = chosen(values.only, JOB_NAMES);
  const peers = chosen(values.peers, ["rsyslog", "syslog-ng", "none"]);
  const [lines, runs] = [wholeNumber(values.lines), wholeNumber(values.runs)];
  const contenders = [sluice, unsanitized, ...availablePeers(peers)];
  const results: Result[] = [];
  for (const job of jobs) results.push(...(await compete(contenders, job, lines, runs)));
  const text = `${machine()}\n\n${markdown(results)}`;
  console.log(text);
  if (values.write) {
    const command = `npm run bench -- ${process.argv.slice(2).join(" ")}`;
    writeFileSync(join(import.meta.dirname, "RESULTS.md"), `# Benchmark\n\n\`${command}\` on ${text}\n${METHOD}`);
  }
}

try {
  await main();
} catch (error) {
  say((error as Error).message);
  process.exitCode = 1;
}
