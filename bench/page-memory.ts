// `node bench/page-memory.ts [MINUTES]`: what an open dashboard costs while events flow: sluice's CPU time, and in Chromium
// memory, each five minutes.
import { setTimeout as sleep } from "node:timers/promises";
import { requireDebian } from "@sluice/testkit";
import type { Page } from "playwright-core";
import { heapOf, startChromium } from "../test/support/browser.ts";
import { watchRequests } from "../test/support/watched.ts";
import { Workspace } from "../test/support/workspace.ts";
import { treeUsage } from "./process-tree.ts";
import { machine } from "./report.ts";

const MINUTES = Number(process.argv[2] ?? 60);
/** Minutes between two looks. */
const STEP = 5;
/** Lines a second. */
const RATE = 100;

/** The share of a core that a process takes over a minute. */
async function shareOfCore(pid: number): Promise<string> {
  const [before, began] = [treeUsage(pid).cpu, performance.now()];
  await sleep(60_000);
  const share = (treeUsage(pid).cpu - before) / ((performance.now() - began) / 1000);
  return `${(100 * share).toFixed(1)} %`;
}

async function watchMemory(page: Page): Promise<void> {
  // What is kept on purpose has filled up by then.
  await sleep(STEP * 60_000);
  const first = await heapOf(page);
  for (let minute = 0; ; minute += STEP) {
    const heap = await heapOf(page);
    const grown = `${((heap - first) / 1e6).toFixed(1)} MB more than at first`;
    console.log(`${minute} min: ${(heap / 1e6).toFixed(1)} MB of objects, ${grown}`);
    if (minute >= MINUTES) break;
    await sleep(STEP * 60_000);
  }
  console.log(`events on the page: ${await page.locator("#events li").count()}`);
}

if (!requireDebian(["chromium"])) throw new Error("needs Debian's chromium: run it as root");
await using work = await Workspace.create();
const { sluice, url, end } = await watchRequests(work, { lines: RATE, pause: 1000, steps: "  - sanitize: default\n" });
// Starting has its own cost.
await sleep(20_000);
const alone = await shareOfCore(sluice.pid);
const browser = await startChromium();
try {
  const page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
  await page.goto(url);
  console.log(`${machine()}; ${RATE} events/s, ${new Date().toISOString()}`);
  await sleep(10_000);
  console.log(`sluice takes ${alone} of a core, with the page open ${await shareOfCore(sluice.pid)}`);
  if (MINUTES > 0) await watchMemory(page);
} finally {
  await browser.close();
  await end();
}
