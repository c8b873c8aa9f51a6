import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { findProgram } from "@sluice/testkit";
import { type Browser, chromium, type Page } from "playwright-core";

const require = createRequire(import.meta.url);

/** Debian's Chromium, without a window. Its sandbox does not work as root. */
export async function startChromium(): Promise<Browser> {
  const executablePath = findProgram("chromium");
  if (!executablePath) throw new Error("apt-get install chromium");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

/** What axe-core finds that people cannot use, as lines to read. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // Through the debugger: the page's own security policy lets no other script in.
  await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const violations = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)",
  )) as Violation[];
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help} at ${node.target.join(" ")}: ${node.failureSummary ?? ""}`),
  );
}

/** Bytes of JavaScript objects that the page holds after a collection. */
export async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = (await session.send("Runtime.getHeapUsage")) as { usedSize: number };
  await session.detach();
  return usedSize;
}
