import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { differences } from "./check.ts";
import type { Contender } from "./contender.ts";
import { DATA_DIR, type GelfJob, logFor } from "./jobs.ts";
import { type Measurement, measure } from "./measure.ts";
import { gelfSection, median } from "./report.ts";

const CHECKED_LINES = 20_000;

/** One measurement of each in turn, so that what else the machine does hits all alike. Returns a section of Markdown. */
export async function competeGelf(
  contenders: readonly Contender[],
  job: GelfJob,
  { lines, runs, say }: { lines: number; runs: number; say: (text: string) => void },
): Promise<string> {
  const measured = new Map<Contender, Measurement[]>(contenders.map((contender) => [contender, []]));
  for (const contender of contenders) await check(contender, job);
  for (let run = 1; run <= runs; run++) {
    for (const [contender, own] of measured) {
      const result = await measure(contender, job, lines);
      own.push(result);
      const rate = `${Math.round(result.wallRate)} events/s, ${result.cpuPerMillion.toFixed(2)} CPU s/M`;
      say(`${job} ${run}/${runs}: ${contender.name} ${rate}`);
    }
  }
  const results = [...measured].map(([contender, own]) => ({
    job,
    lines,
    runs,
    contender: contender.name,
    version: contender.version(),
    median: median(own),
  }));
  return gelfSection(results);
}

/** Fails unless every line of a smaller log arrives with all its fields and their right values. */
async function check(contender: Contender, job: GelfJob): Promise<void> {
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
