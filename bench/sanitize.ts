// `node bench/sanitize.ts [LINES]`: how fast one core tells clean lines from those that the sanitizer has to look at, and
// looks at these. Bytes go in, sanitized bytes come out; the kernel of a pipeline and the command line use the same code.
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { ALL_RULES, createSanitizer, createScreen, selectRules } from "@sluice/step-sanitize";
import { logFor } from "./jobs.ts";
import { machine } from "./report.ts";

const LINES = Number(process.argv[2] ?? 200_000);
const ROUNDS = 7;
const BLOCK = 262_144;
const NEWLINE = 10;

const rules = selectRules(ALL_RULES, ["default"]);
const screen = createScreen({ rules });
const sanitizer = createSanitizer({ rules });

function suspectsIn(block: Uint8Array<ArrayBuffer>): readonly number[] {
  if (screen === null) throw new Error("the default rules cannot be screened");
  return screen.suspects(block);
}

function blocksOf(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const blocks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < data.length; ) {
    const end = at + BLOCK >= data.length ? data.length : data.lastIndexOf(NEWLINE, at + BLOCK) + 1;
    blocks.push(data.slice(at, end));
    at = end;
  }
  return blocks;
}

/** The block itself when it is clean. */
function sanitized(block: Uint8Array<ArrayBuffer>): Uint8Array {
  const bytes = Buffer.from(block.buffer);
  const parts: Uint8Array[] = [];
  let copied = 0;
  for (const start of suspectsIn(block)) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const line = bytes.toString("utf8", start, end);
    const clean = sanitizer.text(line);
    if (clean === line) continue;
    parts.push(bytes.subarray(copied, start), Buffer.from(clean));
    copied = end;
  }
  return parts.length === 0 ? block : Buffer.concat([...parts, bytes.subarray(copied)]);
}

/** Megabytes for each second of CPU time, in the best of some rounds. */
function speed(blocks: readonly Uint8Array<ArrayBuffer>[]): number {
  const bytes = blocks.reduce((sum, { length }) => sum + length, 0);
  const times = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    for (const block of blocks) sanitized(block);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  });
  return bytes / Math.min(...times);
}

console.log(`${machine()}; ${rules.length} rules`);
for (const job of ["nginx", "auth"] as const) {
  const blocks = blocksOf(new Uint8Array(readFileSync(logFor(job, LINES))));
  const named = blocks.reduce((sum, block) => sum + suspectsIn(block).length, 0);
  console.log(`${job}: ${speed(blocks).toFixed(0)} MB/s a core; ${named} of ${LINES} lines had to be looked at`);
}
