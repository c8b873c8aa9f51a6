import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openTraffic, type TrafficKind } from "@sluice/generate";

/**
 * `nginx` and `auth`: tail to the end, all fields, numbers as numbers, time from the line, GELF/TCP. `raw`: the same
 * way without parsing.
 */
export const GELF_JOBS = ["nginx", "auth", "raw"] as const;
/** `s3`: as `nginx`, but as gzip NDJSON into a store. */
export const JOB_NAMES = [...GELF_JOBS, "s3"] as const;

export type GelfJob = (typeof GELF_JOBS)[number];
export type JobName = (typeof JOB_NAMES)[number];

const TRAFFIC: Record<JobName, TrafficKind> = { nginx: "nginx", auth: "auth", raw: "nginx", s3: "nginx" };
const SEED = 2026;
const BLOCK = 5000;

/** Not in git: logs, the peers' programs, scratch directories. */
export const DATA_DIR = join(import.meta.dirname, ".data");

/** Path of a log with that many lines for the job; made when it is not there yet. */
export function logFor(job: JobName, lines: number): string {
  const kind = TRAFFIC[job];
  const path = join(DATA_DIR, `${kind}-${SEED}-${lines}.log`);
  if (existsSync(path)) return path;
  mkdirSync(DATA_DIR, { recursive: true });
  const traffic = openTraffic(kind, { seed: SEED });
  const file = openSync(`${path}.part`, "w");
  for (let made = 0; made < lines; made += BLOCK) writeSync(file, traffic.block(Math.min(BLOCK, lines - made)));
  closeSync(file);
  renameSync(`${path}.part`, path);
  return path;
}
