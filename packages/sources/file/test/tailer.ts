import { readdirSync } from "node:fs";
import { FakeSourceContext } from "@sluice/testkit";
import { create } from "./harness.ts";

// Reads the files of a glob in a process of its own, and prints what that took.

const [, , dir, include, expected, mode] = process.argv as [string, string, string, string, string, string];
const warnings: string[] = [];
const log = { debug() {}, info() {}, error() {}, warn: (_: object, message: string) => void warnings.push(message) };
let mostOpen = 0;
let quiet = 0;

/** Open file descriptors; none that can be counted when there is none left to count them with. */
function countOpen(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

const ctx = new FakeSourceContext({
  log,
  remember: false,
  finite: mode === "finite",
  gate: async () => {
    if (ctx.batches.length % 20 === 0) mostOpen = Math.max(mostOpen, countOpen());
    quiet = 0;
  },
});
const running = create(dir, { include }).run(ctx);
// All that is expected is there when nothing more came for a while; a deadline ends what would wait for ever. A finite
// run ends by itself.
const deadline = Date.now() + 100_000;
const timer = setInterval(() => {
  quiet += 100;
  if ((mode !== "finite" && ctx.records.length >= Number(expected) && quiet >= 500) || Date.now() > deadline) ctx.end();
}, 100);
await running;
clearInterval(timer);
const { records } = ctx;
console.log(
  JSON.stringify({
    records: records.length,
    lengths: records.slice(0, 10).map(({ text }) => text.length),
    tags: records.flatMap(({ tags }) => tags),
    last: records.at(-1)?.text,
    maxRssMiB: process.resourceUsage().maxRSS / 1024,
    mostOpen,
    warnings,
  }),
);
