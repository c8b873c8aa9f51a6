import { requireDebian, requireObjectStore } from "@sluice/testkit";
import { expect, test } from "vitest";
import { runCampaign } from "./campaign.ts";

const MINUTES = 60_000;
const SEED = Number(process.env["SLUICE_SEED"] ?? 8);
const LONG = process.env["SLUICE_LONG_TESTS"] !== undefined;

const canRun = requireObjectStore() && requireDebian(["faketime"]) && process.getuid?.() === 0;

test.runIf(canRun)(
  `every fault once, in an order of seed ${SEED} (SLUICE_SEED): nothing is missing, S3 has nothing twice, the books add up`,
  { timeout: 20 * MINUTES },
  async () => {
    const said: string[] = [];
    const problems = await runCampaign({
      seed: SEED,
      rate: 100,
      docker: LONG,
      hold: LONG ? [500, 6000] : [100, 600],
      every: LONG ? 10_000 : 0,
      say: (text) => said.push(text),
    });
    expect(problems, said.join("\n")).toEqual([]);
    process.stdout.write(`${said.slice(-3).join("\n")}\n`);
  },
);
