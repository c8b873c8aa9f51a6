import type { Admin } from "@sluice/admin";
import type { Logger } from "@sluice/core";
import { openState } from "@sluice/runtime";
import { type Command, Option } from "commander";
import { durationArgument, workersArgument } from "../arguments.ts";
import { type Done, EXIT } from "../exit.ts";
import { addHttpOptions, type HttpOptions, listenSettings, startHttp } from "../http.ts";
import { LastingPipeline } from "../lasting-pipeline.ts";
import { createLogger } from "../log.ts";
import { RunningSluice } from "../observed.ts";
import { readPatternFiles } from "../patterns.ts";
import { loadPipelines, requireValid } from "../pipelines.ts";
import { logLedger } from "../run-pipelines.ts";

interface RunOptions extends HttpOptions {
  stateDir: string;
  workers: number | "auto";
  drain: number;
  untilEof?: boolean;
}

/** `sluice run`: runs pipelines until a signal, or until finite sources have ended. */
export function addRunCommand(program: Command, done: Done): void {
  const command = program
    .command("run")
    .description("Run pipelines until SIGTERM or SIGINT, then drain, print the ledger and exit.")
    .argument("<paths...>", "pipeline files or directories of them")
    .option("--state-dir <dir>", "positions and ledger", process.env["SLUICE_STATE_DIR"] ?? "./.sluice")
    .option("--workers <n|auto>", "worker threads for parsing; 0 parses in the main thread", workersArgument, "auto")
    .addOption(
      new Option("--drain <duration>", "longest time to deliver what is in flight at the end")
        .argParser(durationArgument)
        .default(30_000, "30s"),
    )
    .option("--until-eof", "end when everything that is there has been delivered");
  addHttpOptions(command, "dashboard, metrics and health: HOST:PORT, or `off`")
    .addHelpText("after", "\nExample:\n  sluice run pipelines/nginx-to-graylog.yaml --state-dir /var/lib/sluice")
    .action(async (paths: string[], options: RunOptions) => done(await run(paths, options)));
}

async function run(paths: readonly string[], options: RunOptions) {
  // Files are 0640 and directories 0750, whoever creates them.
  process.umask(0o027);
  const log = await createLogger();
  const patterns = await readPatternFiles();
  const specs = requireValid(await loadPipelines(paths, patterns, { diagnose: false }));
  const http = listenSettings(options, log);
  const state = openState(options.stateDir, { log });
  const sluice = new RunningSluice(state);
  let admin: Admin | undefined;
  try {
    admin = await startHttp(http, sluice, log);
    const { warned } = sluice;
    const { workers, untilEof: finite = false } = options;
    const watcher = admin && ((pipeline: string) => (admin as Admin).watcher(pipeline));
    const context = { state, log, patterns, workers, finite, warned, watcher };
    const runs: LastingPipeline[] = [];
    for (const spec of specs) {
      const pipeline = await LastingPipeline.start(spec, context);
      runs.push(pipeline);
      sluice.add(pipeline);
    }
    state.allKnown();
    sluice.allStarted();
    log.info({ pipelines: specs.map(({ name }) => name), stateDir: options.stateDir }, "running");
    stopOnSignals(runs, options.drain, log);
    const results = await Promise.all(runs.map((pipeline) => pipeline.done));
    for (const result of results) logLedger(log, result);
    return results.every(({ ok, snapshot }) => ok && snapshot.buffered === 0) ? EXIT.done : EXIT.failed;
  } finally {
    await admin?.close();
    state.close();
  }
}

/** The first signal drains, a second one gives up at once. */
function stopOnSignals(runs: readonly LastingPipeline[], drain: number, log: Logger): void {
  let asked = false;
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal, drainMs: asked ? 0 : drain }, asked ? "giving up what is in flight" : "draining");
    for (const pipeline of runs) pipeline.stop(asked ? 0 : drain);
    asked = true;
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", () => log.warn({}, "this version does not reload: restart it to read the files again"));
}
