import { execFileSync } from "node:child_process";
import type { Event, Logger } from "@sluice/core";
import { silentLogger } from "@sluice/core";
import { FakeSourceContext, recordsOf } from "@sluice/testkit";
import { hostSource } from "../src/index.ts";

/** The events of one sample of `host`. */
export async function sampleOf(options: Record<string, unknown>, log: Logger = silentLogger): Promise<Event[]> {
  const ctx = new FakeSourceContext({ finite: true, log });
  const create = { name: "host", pipeline: "p", baseDir: "/", hostname: "h", warn: () => {} };
  await hostSource.create(hostSource.options.parse({ interval: "100ms", ...options }), create).run(ctx);
  return ctx.batches.flatMap((batch) => {
    const { framing } = batch;
    return recordsOf(batch).map(({ text }, i) => ({
      message: text,
      ...(framing.kind === "records" ? framing.extra?.[i] : {}),
    }));
  });
}

/** What a program prints. */
export function output(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
}
