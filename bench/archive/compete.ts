import type { Contender } from "../contender.ts";
import { type Archived, Archiving } from "./measure.ts";
import { archiveSection, memorySection } from "./report.ts";
import { openObjectStore } from "./store.ts";

const CHECKED_LINES = 20_000;

interface Effort {
  readonly lines: number;
  readonly runs: number;
  readonly say: (text: string) => void;
}

/** The job `s3`: one measurement of each program in turn, after a check. Returns a section of Markdown. */
export async function competeArchiving(contenders: readonly Contender[], effort: Effort): Promise<string> {
  const { lines, runs, say } = effort;
  await using store = await openObjectStore();
  const archiving = new Archiving(store);
  for (const contender of contenders) await check(archiving, contender);
  const measured = new Map<Contender, Archived[]>(contenders.map((contender) => [contender, []]));
  for (let run = 1; run <= runs; run++) {
    for (const [contender, own] of measured) {
      const result = await archiving.measure(contender, lines);
      own.push(result);
      const rate = `${(result.bytesIn / 1e6 / result.seconds).toFixed(1)} MB/s, ${result.cpu.toFixed(2)} CPU s`;
      say(`s3 ${run}/${runs}: ${contender.name} ${rate}, ${(result.peakRss / 1e6).toFixed(0)} MB`);
    }
  }
  const results = [...measured].map(([contender, own]) => ({
    contender: contender.name,
    version: contender.version(),
    runs: own,
  }));
  return archiveSection(results);
}

/** Looks at a program's memory over one long input. Returns a section of Markdown. */
export async function watchMemory(contender: Contender, lines: number): Promise<string> {
  await using store = await openObjectStore();
  return memorySection(contender.version(), await new Archiving(store).measure(contender, lines));
}

/** Fails unless the objects of a smaller log hold every line once, with all its fields and their right values. */
async function check(archiving: Archiving, contender: Contender): Promise<void> {
  const found = await archiving.differences(contender, CHECKED_LINES);
  if (found.length === 0) return;
  throw new Error(`${contender.name}, s3: ${found.length} differences:\n${found.slice(0, 5).join("\n")}`);
}
