import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { parseRate } from "@sluice/core";
import { openTraffic, TRAFFIC_KINDS, type TrafficKind } from "@sluice/generate";
import { Argument, type Command, InvalidArgumentError } from "commander";
import { wholeNumber } from "../arguments.ts";

interface GenerateOptions {
  count?: number;
  rate?: number;
  seed: number;
  pretty?: boolean;
}

/** `sluice generate`: realistic, reproducible log lines on stdout. */
export function addGenerateCommand(program: Command): void {
  program
    .command("generate")
    .description("Write realistic, reproducible log lines to stdout.")
    .addArgument(new Argument("<kind>", "kind of traffic").choices(TRAFFIC_KINDS))
    .option("--count <n>", "records to write (default: until interrupted)", wholeNumber)
    .option("--rate <rate>", "records a second, e.g. 500/s (default: as fast as possible)", rateArgument)
    .option("--seed <n>", "the same seed gives the same lines", wholeNumber, 1)
    .option("--pretty", "nginx-json only: objects over several lines, as the Laboratory's script wrote them")
    .addHelpText("after", "\nExample:\n  sluice generate nginx --count 1000 --seed 7 > access.log")
    .action(writeTraffic);
}

function rateArgument(text: string): number {
  let rate = 0;
  try {
    rate = parseRate(/^\d+(\.\d+)?$/.test(text) ? `${text}/s` : text);
  } catch {
    throw new InvalidArgumentError("write it like 500/s.");
  }
  if (rate > 0) return rate;
  throw new InvalidArgumentError("it must be more than 0.");
}

const CHUNK_LINES = 1000;
const TICK_MS = 50;

async function writeTraffic(kind: TrafficKind, options: GenerateOptions): Promise<void> {
  const { count = Infinity, rate, seed, pretty = false } = options;
  const traffic = openTraffic(kind, { seed, pretty });
  const started = performance.now();
  for (let written = 0; written < count; ) {
    const due =
      rate === undefined ? CHUNK_LINES : Math.floor(((performance.now() - started) / 1000) * rate) + 1 - written;
    const now = Math.min(due, count - written, CHUNK_LINES);
    if (now <= 0) {
      await sleep(TICK_MS);
      continue;
    }
    written += now;
    if (!process.stdout.write(traffic.block(now))) await once(process.stdout, "drain");
  }
}
