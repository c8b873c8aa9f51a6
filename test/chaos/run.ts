import { parseArgs } from "node:util";
import { runCampaign } from "./campaign.ts";

// `npm run chaos -- --minutes 30 --seed 7`: a random fault every ten seconds; the seed gives the same faults again.

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    seed: { type: "string", default: process.env["SLUICE_SEED"] ?? String(Date.now() % 1_000_000) },
    every: { type: "string", default: "10" },
    rate: { type: "string", default: "100" },
    docker: { type: "boolean", default: true },
  },
  allowNegative: true,
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);
say(`seed ${values.seed}, ${values.minutes} minutes, a fault every ${values.every} s`);
const problems = await runCampaign({
  seed: Number(values.seed),
  rate: Number(values.rate),
  docker: values.docker,
  hold: [500, 6000],
  every: Number(values.every) * 1000,
  duration: Number(values.minutes) * 60_000,
  say,
});
for (const problem of problems) say(`PROBLEM  ${problem}`);
say(problems.length === 0 ? "nothing is missing" : `${problems.length} problems with seed ${values.seed}`);
process.exitCode = problems.length === 0 ? 0 : 1;
