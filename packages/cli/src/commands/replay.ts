import { createHash } from "node:crypto";
import path from "node:path";
import { type Logger, type PipelineSpec, SluiceError, type TimeWindow } from "@sluice/core";
import { findArchives, parseS3Address, ReplaySource } from "@sluice/replay";
import { openMemoryState, openState, type PipelineResult, type PipelineRun, type State } from "@sluice/runtime";
import type { Command } from "commander";
import { rateArgument, workersArgument } from "../arguments.ts";
import { type Done, EXIT, type ExitCode } from "../exit.ts";
import { createLogger } from "../log.ts";
import { readPatternFiles } from "../patterns.ts";
import { loadPipelines, requireValid } from "../pipelines.ts";
import { connector } from "../replay/connect.ts";
import { replayDeadLetters } from "../replay/dead-letters.ts";
import { printingPipeline } from "../replay/dry-run.ts";
import { beside, ProgressBar } from "../replay/progress.ts";
import { timeArgument, windowOf } from "../replay/time.ts";
import { logLedger, startPipeline } from "../run-pipelines.ts";

interface ReplayOptions {
  pipeline: string;
  since?: number;
  until?: number;
  rate?: number;
  dryRun?: boolean;
  resume?: boolean;
  deadLetter?: boolean;
  stateDir: string;
  workers: number | "auto";
}

/** Name of the one source of a replay, under which its positions are kept. */
const SOURCE = "replay";
/** A warning about the pipeline that does not concern a replay. */
const NO_SOURCES = "the pipeline has no sources";
/** Milliseconds that an interrupted replay has to deliver what is in flight. */
const DRAIN_MS = 30_000;

/** `sluice replay`: archived logs through a pipeline's steps and sinks. */
export function addReplayCommand(program: Command, done: Done): void {
  program
    .command("replay")
    .description("Send archived logs through a pipeline's steps and sinks instead of its sources.")
    .argument("<inputs...>", "files (plain, .gz, .zst, multilog's), directories, globs in quotes, s3://BUCKET/PREFIX")
    .requiredOption("--pipeline <file>", "the pipeline file")
    .option("--since <time>", "only events from this time on: RFC 3339, a date, or 2h for two hours ago", time)
    .option("--until <time>", "only events before this time", time)
    .option("--rate <rate>", "lines to read, e.g. 5000/s", rateArgument)
    .option("--dry-run", "print the events to stdout instead; nothing is sent or stored")
    .option("--resume", "go on where an interrupted replay of the same inputs stopped")
    .option(
      "--dead-letter",
      "the inputs are dead letter files: send their frames to the sinks that could not take them",
    )
    .option("--state-dir <dir>", "where it is stored how far it got", process.env["SLUICE_STATE_DIR"] ?? "./.sluice")
    .option("--workers <n|auto>", "worker threads for parsing; 0 parses in the main thread", workersArgument, "auto")
    .addHelpText(
      "after",
      "\nExample:\n  sluice replay 'logs/access.log*' --pipeline pipelines/nginx-to-graylog.yaml --since 2026-01-31",
    )
    .action(async (inputs: string[], options: ReplayOptions) => done(await replay(inputs, options)));
}

// commander would pass the option's previous value as the second argument.
function time(text: string): number {
  return timeArgument(text);
}

async function replay(inputs: readonly string[], options: ReplayOptions): Promise<ExitCode> {
  process.umask(0o027);
  if (options.dryRun && options.resume)
    throw new SluiceError("SLUICE_USAGE", "--dry-run and --resume exclude each other");
  const patterns = await readPatternFiles();
  const { specs, problems } = await loadPipelines([options.pipeline], patterns, { diagnose: false });
  const [spec, ...others] = requireValid({ specs, problems: problems.filter(({ message }) => message !== NO_SOURCES) });
  if (!spec || others.length > 0) throw new SluiceError("SLUICE_USAGE", "--pipeline wants one pipeline file");
  if (options.deadLetter) return replayDeadLetters(inputs, spec, options, await createLogger());
  const archives = await findArchives(inputs, connector(spec));
  const source = new ReplaySource({ archives, rate: options.rate, keepStamps: parsesStamps(spec) });
  let run: PipelineRun | undefined;
  const events = () => (run ? run.snapshot().ledger.in + run.snapshot().buffered : 0);
  const bar = new ProgressBar(process.stderr, () => ({ ...source.progress, events: events() }));
  const log = beside(await createLogger(), () => bar.clear());
  const state = options.dryRun ? openMemoryState({ log }) : openReplayState(inputs, spec, options, log);
  try {
    const window: TimeWindow | undefined = windowOf(options);
    const context = {
      state,
      log,
      patterns,
      workers: options.workers,
      finite: true,
      sources: [{ name: SOURCE, source }],
      window,
    };
    run = await startPipeline(options.dryRun ? printingPipeline(spec) : inMemory(spec), context);
    log.info({ archives: archives.length, bytes: source.progress.total }, "replaying");
    stopOnSignals(run, log);
    const result = await run.done;
    bar.end();
    logLedger(log, result);
    return verdict(result, source, options, log);
  } finally {
    bar.end();
    state.close();
  }
}

/** A replay waits for its sinks, whatever they are told for a running sluice: it can be resumed where it stopped. */
function inMemory(spec: PipelineSpec): PipelineSpec {
  const size = 16 * 1024 * 1024;
  const sinks = spec.sinks.map((sink) =>
    sink.buffer.type === "disk" ? { ...sink, buffer: { ...sink.buffer, type: "memory" as const, size } } : sink,
  );
  return { ...spec, sinks };
}

/** Whether a step of the pipeline reads the stamps of multilog itself. */
function parsesStamps({ steps }: PipelineSpec): boolean {
  return steps.some(({ type, options }) => {
    const parser = typeof options === "object" && options !== null && "parser" in options ? options.parser : options;
    return type === "parse" && parser === "multilog";
  });
}

/** The state of replays of the same inputs through the same pipeline: a running sluice has another. */
function openReplayState(inputs: readonly string[], spec: PipelineSpec, options: ReplayOptions, log: Logger): State {
  const places = inputs.map((input) => (parseS3Address(input) ? input : path.resolve(input))).sort();
  const key = createHash("sha256")
    .update([spec.name, ...places].join("\0"))
    .digest("hex")
    .slice(0, 16);
  const state = openState(path.join(options.stateDir, "replay", key), { log });
  const positions = state.source(spec.name, SOURCE);
  const known = [...positions.all().keys()];
  if (!options.resume) positions.remove(known);
  else if (known.length === 0) log.info({}, "no replay of these inputs was begun here; it starts from the beginning");
  return state;
}

/** The first signal drains, a second one gives up at once. */
function stopOnSignals(run: PipelineRun, log: Logger): void {
  let asked = false;
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, asked ? "giving up what is in flight" : "stopping; what is in flight is still delivered");
    void run.stop(asked ? 0 : DRAIN_MS);
    asked = true;
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

function verdict(result: PipelineResult, source: ReplaySource, { dryRun }: ReplayOptions, log: Logger): ExitCode {
  const { ok, snapshot } = result;
  const { damages } = source;
  if (damages.length > 0) {
    const names = damages.map(({ name }) => name);
    log.error({ archives: names }, `${damages.length} of the archives could not be read to the end`);
  }
  const interrupted = !source.finished && !dryRun;
  if (interrupted && ok) log.warn({}, "the replay was interrupted; the same command with --resume goes on from here");
  return ok && snapshot.buffered === 0 && damages.length === 0 && !interrupted ? EXIT.done : EXIT.failed;
}
