import path from "node:path";
import {
  type CreateContext,
  type Event,
  LONGEST_TIMER_MS,
  pauseOrStop,
  type Source,
  type SourceContext,
} from "@sluice/core";
import { GuardedProcess } from "../process/guarded-process.ts";
import { Pace } from "../process/pace.ts";
import { requireProgram } from "../process/program.ts";
import { untilStopped } from "../process/stopping.ts";
import type { ExecOptions } from "./options.ts";
import { Outlet } from "./outlet.ts";
import { logLines, readLines, readWhole } from "./reading.ts";

/** Milliseconds after a stop in which the last output of a command is still taken: `run` returns within a second. */
const LAST_WORDS_MS = 600;

/** How one run of the command ended. */
interface RunEnd {
  /** Exit code, 128 + n after signal n; -1 when it could not be started. */
  readonly code: number;
  readonly ms: number;
  readonly timedOut: boolean;
}

/** Runs a command and reads what it prints. */
export class ExecSource implements Source {
  readonly #options: ExecOptions;
  readonly #name: string;
  readonly #command: readonly string[];
  readonly #cwd: string;
  #runs = 0;

  constructor(options: ExecOptions, ctx: CreateContext) {
    this.#options = options;
    this.#name = ctx.name;
    this.#cwd = path.resolve(ctx.baseDir, options.working_directory ?? ".");
    this.#command = typeof options.command === "string" ? ["/bin/sh", "-c", options.command] : options.command;
  }

  async run(ctx: SourceContext): Promise<void> {
    const { command, interval, backoff } = this.#options;
    const line = typeof command === "string" ? command : command.join(" ");
    const outlet = new Outlet(ctx, this.#name, { "process.command_line": line });
    const pace = new Pace(backoff.initial, backoff.max);
    while (!ctx.stop.aborted) {
      const end = await this.#runOnce(ctx, outlet);
      if (ctx.finite || ctx.stop.aborted || !this.#again(end)) return;
      await pauseOrStop(interval === undefined ? pace.after(end.ms) : untilNext(interval, end.ms), ctx.stop);
    }
  }

  /** Tells whether the program is there, without running it: it may do something. */
  async check(): Promise<void> {
    const { PATH } = { ...process.env, ...this.#options.environment };
    await requireProgram(this.#command[0] as string, this.#cwd, PATH ?? "");
  }

  #again({ code }: RunEnd): boolean {
    const { interval, restart } = this.#options;
    return interval !== undefined || restart === "always" || (restart === "on_failure" && code !== 0);
  }

  async #runOnce(ctx: SourceContext, outlet: Outlet): Promise<RunEnd> {
    const started = performance.now();
    const child = await this.#start();
    let timedOut = false;
    const { timeout } = this.#options;
    const giveUp = (): void => {
      timedOut = true;
      child.end();
    };
    const timer = timeout === undefined ? undefined : setTimeout(giveUp, Math.min(timeout, LONGEST_TIMER_MS));
    const reading = this.#read(child, ctx, outlet);
    await untilStopped(child, Promise.all([reading, child.ended]), ctx.stop, LAST_WORDS_MS);
    clearTimeout(timer);
    if (ctx.stop.aborted) return { code: 0, ms: 0, timedOut };
    const end = { code: await child.ended, ms: performance.now() - started, timedOut };
    await this.#report(end, ctx, outlet);
    return end;
  }

  #start(): Promise<GuardedProcess> {
    const { environment, clear_environment } = this.#options;
    const inherited = clear_environment ? { PATH: process.env["PATH"] } : process.env;
    return GuardedProcess.start({ command: this.#command, cwd: this.#cwd, env: { ...inherited, ...environment } });
  }

  async #read(child: GuardedProcess, ctx: SourceContext, outlet: Outlet): Promise<void> {
    const { output, stderr, max_line_bytes } = this.#options;
    const run = this.#runs++;
    const read = output === "whole" ? readWhole : readLines;
    const emitFrom = (stream: "stdout" | "stderr") =>
      read(child[stream], max_line_bytes, (batch) => outlet.lines(batch, stream, run));
    const readStderr = async (): Promise<void> => {
      if (stderr === "events") await emitFrom("stderr");
      else if (stderr === "log") await logLines(child.stderr, ctx.log, { source: this.#name });
      else child.stderr.resume();
    };
    await Promise.all([emitFrom("stdout"), readStderr()]);
  }

  async #report({ code, ms, timedOut }: RunEnd, ctx: SourceContext, outlet: Outlet): Promise<void> {
    const { exit_event, interval, timeout } = this.#options;
    const failed = code !== 0 || timedOut;
    const how = timedOut ? `was ended after ${timeout} ms` : describeCode(code);
    const message = `the command ${how}`;
    const fields = { source: this.#name, exitCode: code, ms: Math.round(ms) };
    if (failed) ctx.log.warn(fields, message);
    else if (interval === undefined) ctx.log.info(fields, message);
    if (exit_event === "always" || (exit_event === "failure" && failed)) {
      await outlet.event(message, exitFields(code, ms, failed));
    }
  }
}

function exitFields(code: number, ms: number, failed: boolean): Event {
  return {
    "event.action": "command_exited",
    "event.category": ["process"],
    "event.type": ["end"],
    "event.outcome": failed ? "failure" : "success",
    // ECS: nanoseconds.
    "event.duration": Math.round(ms * 1e6),
    "process.exit_code": code,
    "log.level": failed ? "warning" : "informational",
  };
}

/** What an exit code of the shell's means (POSIX, "Exit Status for Commands"). */
function describeCode(code: number): string {
  if (code === 126) return "cannot be executed (exit code 126)";
  if (code === 127) return "was not found (exit code 127)";
  if (code > 128 && code <= 128 + 64) return `was ended by signal ${code - 128}`;
  return `ended with exit code ${code}`;
}

/** Milliseconds until the next run: runs begin at multiples of the interval, and one that lasts longer skips some. */
function untilNext(interval: number, ranMs: number): number {
  return interval - (ranMs % interval);
}
