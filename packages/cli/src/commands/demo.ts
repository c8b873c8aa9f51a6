import { appendFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SluiceError } from "@sluice/core";
import { type EmbeddedStore, startEmbeddedStore } from "@sluice/embedded-store";
import { openTraffic } from "@sluice/generate";
import { type ReceivedMessage, startReceiver } from "@sluice/receiver";
import { openState, type PipelineRun } from "@sluice/runtime";
import type { Command } from "commander";
import { durationArgument, wholeNumber } from "../arguments.ts";
import { type Done, EXIT } from "../exit.ts";
import { listenSettings, startHttp } from "../http.ts";
import { DEMO_PIPELINE } from "../installation.ts";
import { createLogger } from "../log.ts";
import { RunningSluice } from "../observed.ts";
import { readPatternFiles } from "../patterns.ts";
import { loadPipelines, requireValid } from "../pipelines.ts";
import { logLedger, startPipeline } from "../run-pipelines.ts";

interface DemoOptions {
  rate: number;
  for?: number;
  dir: string;
}

/** A file that marks a directory as the demo's. */
const MARK = ".sluice-demo";
const TICK_MS = 100;
const SHOW_EVERY_MS = 2000;
/** Events shown whole at the start, and then one with every count, and one from which a secret was removed. */
const FIRST_SHOWN = 3;
/** One request in so many bears a secret, for the sanitizer to find. */
const LEAK_ONE_IN = 500;
const REDACTED = "[redacted:";
/** Where the demo archives to. */
const BUCKET = "demo-logs";

/** `sluice demo`: what `npm start` runs. */
export function addDemoCommand(program: Command, done: Done): void {
  program
    .command("demo")
    .description(
      "Generate nginx traffic, tail, parse and sanitize it, deliver it over GELF/TCP to a receiver and to an S3 store, both in this process, and show it.",
    )
    .option("--rate <n>", "lines a second", wholeNumber, 500)
    .option("--for <duration>", "end after this time (default: Ctrl-C)", durationArgument)
    .option("--dir <dir>", "where the log and the state are", ".demo")
    .addHelpText("after", "\nExample:\n  sluice demo --rate 2000 --for 10s")
    .action(async (options: DemoOptions) => done(await demo(options)));
}

async function demo({ rate, for: duration, dir }: DemoOptions) {
  await makeFresh(dir);
  const screen = new Screen();
  const receiver = await startReceiver({
    kind: "gelf",
    listen: "tcp://127.0.0.1:0",
    onMessages: (m) => screen.arrived(m),
  });
  const store = await startEmbeddedStore([BUCKET]);
  tellPipeline(dir, receiver.address, store);
  const log = await createLogger();
  const patterns = await readPatternFiles();
  const [spec] = requireValid(await loadPipelines([DEMO_PIPELINE], patterns, { diagnose: false }));
  if (!spec) return EXIT.failed;
  const state = openState(path.join(dir, "state"), { log });
  const sluice = new RunningSluice(state);
  const admin = await startHttp(listenSettings({}, log), sluice, log);
  const warnings: string[] = [];
  const warned = (_: string, component: string, message: string) => warnings.push(`${component}: ${message}`);
  const watching = { warned, ...(admin && { watcher: (name: string) => admin.watcher(name) }) };
  const pipeline = await startPipeline(spec, { state, log, patterns, workers: "auto", finite: false, ...watching });
  sluice.show(() => [{ spec, running: true, warnings, snapshot: () => pipeline.snapshot() }]);
  sluice.allStarted();
  const end = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => end.abort());
  if (duration !== undefined) setTimeout(() => end.abort(), duration).unref();
  process.stdout.write(
    `${rate} requests a second → ${dir}/access.log → sluice → ${receiver.address} and s3://${BUCKET}   (Ctrl-C ends it)\n`,
  );
  if (admin) process.stdout.write(`dashboard: ${admin.url}/\n`);
  const shown = setInterval(() => {
    screen.show(pipeline);
    void showObjects(store);
  }, SHOW_EVERY_MS);
  await writeTraffic(path.join(dir, "access.log"), rate, end.signal);
  clearInterval(shown);
  const result = await pipeline.stop(30_000);
  screen.show(pipeline);
  await showObjects(store);
  await admin?.close();
  await receiver.close();
  await store.close();
  state.close();
  logLedger(log, result);
  return result.ok ? EXIT.done : EXIT.failed;
}

/** Sets what pipelines/demo.yaml reads from the environment. */
function tellPipeline(dir: string, gelf: string, { endpoint, region, accessKey, secretKey }: EmbeddedStore): void {
  process.env["DEMO_DIR"] = path.resolve(dir);
  process.env["DEMO_GELF"] = gelf;
  process.env["DEMO_S3"] = endpoint;
  process.env["AWS_REGION"] = region;
  process.env["AWS_ACCESS_KEY_ID"] = accessKey;
  process.env["AWS_SECRET_ACCESS_KEY"] = secretKey;
}

/** Counts the objects archived so far, and names the newest. */
async function showObjects(store: EmbeddedStore): Promise<void> {
  const objects = await store.list(BUCKET);
  const newest = objects.at(-1);
  if (!newest) return;
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  process.stdout.write(
    `archived ${objects.length} object${objects.length === 1 ? "" : "s"}, ${bytes} bytes; newest s3://${BUCKET}/${newest.key}\n`,
  );
}

/** Makes the directory anew. Only what an earlier demo has made is removed: somebody may well say `--dir .`. */
async function makeFresh(dir: string): Promise<void> {
  const entries = await readdir(dir).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (entries.length > 0 && !entries.includes(MARK)) {
    throw new SluiceError("SLUICE_USAGE", `${dir} is not empty and not of an earlier demo, so it is left alone`, {
      hint: "name another directory with --dir",
    });
  }
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true, mode: 0o750 });
  await writeFile(path.join(dir, MARK), "");
}

async function writeTraffic(file: string, rate: number, end: AbortSignal): Promise<void> {
  const traffic = openTraffic("nginx", { seed: 1, start: new Date(), leakOneIn: LEAK_ONE_IN });
  const started = performance.now();
  for (let written = 0; !end.aborted; ) {
    const due = Math.floor(((performance.now() - started) / 1000) * rate) - written;
    if (due > 0) await appendFile(file, traffic.block(due));
    written += Math.max(0, due);
    await sleep(TICK_MS);
  }
}

/** What the demo shows: the first events whole, then counts with one event each. */
class Screen {
  #received = 0;
  #last: ReceivedMessage | undefined;
  #sanitized: ReceivedMessage | undefined;
  #before = { received: 0, at: performance.now() };

  arrived(messages: readonly ReceivedMessage[]): void {
    for (const message of messages) if (this.#received++ < FIRST_SHOWN) this.#print(message);
    this.#last = messages.at(-1);
    this.#sanitized = messages.find((message) => queryOf(message).includes(REDACTED)) ?? this.#sanitized;
  }

  show(pipeline: PipelineRun): void {
    const now = performance.now();
    const rate = Math.round(((this.#received - this.#before.received) * 1000) / (now - this.#before.at));
    this.#before = { received: this.#received, at: now };
    const { ledger, buffered } = pipeline.snapshot();
    process.stdout.write(
      `read ${ledger.in + buffered}  received ${this.#received} (${rate}/s)  confirmed ${ledger.delivered}\n`,
    );
    if (this.#last) this.#print(this.#last);
    if (this.#sanitized && this.#sanitized !== this.#last) this.#print(this.#sanitized);
    this.#sanitized = undefined;
  }

  #print(message: ReceivedMessage): void {
    const field = (name: string): string => text(message[name]);
    const query = queryOf(message);
    const shown = query.includes(REDACTED) ? `?${query}` : "";
    const request = `${field("_http_request_method")} ${field("_url_path")}${shown}`;
    process.stdout.write(
      `  ${field("_source_ip")}  ${field("_http_response_status_code")}  ${request}  ${field("_user_agent_original")}\n`,
    );
  }
}

function queryOf(message: ReceivedMessage): string {
  return text(message["_url_query"]);
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? `${value}` : "-";
}
