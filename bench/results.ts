import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { ARCHIVE_METHOD } from "./archive/report.ts";
import { JOB_NAMES } from "./jobs.ts";
import { METHOD, machine } from "./report.ts";

const PATH = join(import.meta.dirname, "RESULTS.md");
/** In this order. The memory run is asked for by itself; what a test has measured (`containers`) and `bench/docker-logs.ts` (`docker`) is kept as it is. */
const KEYS: readonly string[] = [...JOB_NAMES, "memory", "containers", "docker", "page"];

/** Puts sections, each of which begins with `## key: `, into bench/RESULTS.md and leaves its other sections. */
export function writeResults(sections: readonly string[]): void {
  const kept = existsSync(PATH) ? readFileSync(PATH, "utf8").split(/^(?=## )/m) : [];
  const byKey = new Map(kept.map((text) => [keyOf(text), text.trimEnd()]));
  for (const section of sections) byKey.set(keyOf(section), withOrigin(section));
  const texts = KEYS.map((key) => byKey.get(key)).filter((text) => text !== undefined);
  writeFileSync(PATH, `${["# Benchmark", ...texts, "## How", METHOD, ARCHIVE_METHOD].join("\n\n").trimEnd()}\n`);
}

function keyOf(section: string): string {
  return /^## (\w+): /.exec(section)?.[1] ?? "";
}

/** A section that says how it came about, and how busy the machine was: with more to do than it has cores, times stretch. */
function withOrigin(section: string): string {
  const command = `npm run bench -- ${process.argv.slice(2).join(" ")}`;
  const load = (loadavg()[0] ?? 0).toFixed(0);
  return section.replace("\n\n", `\n\n\`${command}\` on ${machine()}, load ${load} at the end\n\n`);
}
