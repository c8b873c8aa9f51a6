import type { Admin } from "@sluice/admin";
import type { Logger } from "@sluice/core";
import { openState } from "@sluice/runtime";
import { type Command, Option } from "commander";
import { durationArgument, workersArgument } from "../arguments.ts";
import { type Done, EXIT } from "../exit.ts";
import { Fleet, inOrder } from "../fleet.ts";
import { Hangups } from "../hangups.ts";
import { addHttpOptions, type HttpOptions, listenSettings, startHttp } from "../http.ts";
import { readyPipeline } from "../lasting-pipeline.ts";
import { createLogger } from "../log.ts";
import { RunningSluice } from "../observed.ts";
import { requireValid } from "../pipelines.ts";
import { Reloader, readWanted } from "../reload/reloader.ts";
import { FileWatch } from "../reload/watch.ts";
import { logLedger } from "../run-pipelines.ts";

interface RunOptions extends HttpOptions {
  stateDir: string;
  workers: number | "auto";
  drain: number;
  untilEof?: boolean;
  watch?: boolean;
}

/** `sluice run`: runs pipelines until a signal, or until finite sources have ended. */
export function addRunCommand(program: Command, done: Done): void {
  const command = program
    .command("run")
    .description(
      "Run pipelines until SIGTERM or SIGINT, then drain, print the ledger and exit. SIGHUP reads the files again.",
    )
    .argument("<paths...>", "pipeline files, directories of them, or globs in quotes")
    .option("--state-dir <dir>", "positions and ledger", process.env["SLUICE_STATE_DIR"] ?? "./.sluice")
    .option("--workers <n|auto>", "worker threads for parsing; 0 parses in the main thread", workersArgument, "auto")
    .addOption(
      new Option("--drain <duration>", "longest time to deliver what is in flight at the end")
        .argParser(durationArgument)
        .default(30_000, "30s"),
    )
    .option("--until-eof", "end when everything that is there has been delivered")
    .option("--watch", "reload when the files change, as SIGHUP does");
  addHttpOptions(command, "dashboard, metrics and health: HOST:PORT, or `off`")
    .addHelpText("after", "\nExample:\n  sluice run pipelines/nginx-to-graylog.yaml --state-dir /var/lib/sluice")
    .action(async (paths: string[], options: RunOptions) => done(await run(paths, options)));
}

async function run(paths: readonly string[], options: RunOptions) {
  // Files are 0640 and directories 0750, whoever creates them.
  process.umask(0o027);
  const hangups = new Hangups();
  const log = await createLogger();
  const { workers, drain, untilEof: finite = false } = options;
  const http = listenSettings(options, log);
  const watch = options.watch ? new FileWatch(paths, () => hangups.note("a file has changed")) : undefined;
  const pipelines = requireValid(await readWanted({ paths, watch }));
  const state = openState(options.stateDir, { log });
  const sluice = new RunningSluice(state);
  let admin: Admin | undefined;
  try {
    admin = await startHttp(http, sluice, log);
    const watcher = admin && ((pipeline: string) => (admin as Admin).watcher(pipeline));
    const fleet = new Fleet({ state, log, workers, finite, watcher });
    const reloader = new Reloader({ fleet, paths, drain, log, watch, gone: (names) => admin?.forget(names) });
    sluice.show(() => fleet.pipelines(), reloader);
    for (const desired of pipelines) await fleet.start(await readyPipeline(desired, fleet.context));
    state.allKnown();
    sluice.allStarted();
    log.info({ pipelines: pipelines.map(({ spec }) => spec.name), stateDir: options.stateDir }, "running");
    stopOnSignals(fleet, drain, log);
    hangups.listen((why) => {
      log.info({}, `reloading: ${why}`);
      void reloader.request();
    });
    watch?.start();
    const results = await fleet.done();
    for (const result of results) logLedger(log, result);
    return results.every(inOrder) && fleet.removedInOrder ? EXIT.done : EXIT.failed;
  } finally {
    watch?.stop();
    await admin?.close();
    state.close();
  }
}

/** The first signal drains, a second one gives up at once. */
function stopOnSignals(fleet: Fleet, drain: number, log: Logger): void {
  let asked = false;
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal, drainMs: asked ? 0 : drain }, asked ? "giving up what is in flight" : "draining");
    fleet.stop(asked ? 0 : drain);
    asked = true;
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
