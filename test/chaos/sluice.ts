import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "@sluice/testkit";
import { type Running, SLUICE, start } from "../support/process.ts";
import { until } from "../support/wait.ts";

const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const PATIENCE_MS = 120_000;

/** The sluice under test, which is killed and started again: with names and a clock of its own. */
export class Sluice {
  readonly #args: readonly string[];
  readonly #hosts: string;
  readonly #clock: string;
  #running: Running;
  #expectsEnd = false;
  #isFaked = false;
  /** What all lives of it have logged. */
  #log = "";
  lives = 0;
  /** Ends that nobody has asked for. */
  readonly surprises: string[] = [];

  constructor(args: readonly string[], work: string) {
    this.#args = args;
    this.#hosts = join(work, "hosts");
    this.#clock = join(work, "clock");
    this.setNames("127.0.0.1 localhost graylog.test");
    this.shiftClock(0);
    this.#running = this.#start();
  }

  get log(): string {
    return this.#log + this.#running.stderr();
  }

  get pid(): number {
    return this.#running.pid;
  }

  get alive(): boolean {
    return this.#running.child.exitCode === null && this.#running.child.signalCode === null;
  }

  /** What its /etc/hosts says. Names that are not in there are unknown. */
  setNames(text: string): void {
    writeFileSync(this.#hosts, `${text}\n`);
  }

  /** Sets its clock forward or back, from one second to the next; only while it was started with a clock of its own. */
  shiftClock(seconds: number): void {
    writeFileSync(this.#clock, `${seconds < 0 ? "-" : "+"}${Math.abs(seconds)}s\n`);
  }

  /** Resolves once the pipelines run. */
  async untilRunning(): Promise<void> {
    const isUp = () => this.#running.stderr().includes('"running"') || !this.alive;
    await until(isUp, `sluice to run: ${this.#running.stderr().slice(-2000)}`, PATIENCE_MS);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<number | string> {
    this.#expectsEnd = true;
    return this.#running.kill(signal);
  }

  /** Waits for its end, however that comes about. */
  async end(): Promise<number | string> {
    this.#expectsEnd = true;
    return this.#running.ended;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Starts it unless it lives. */
  restart(clock: "own" | "system" = "system"): void {
    if (this.alive) return;
    this.#isFaked = clock === "own";
    this.#log += this.#running.stderr();
    this.#running = this.#start();
  }

  #start(): Running {
    this.lives++;
    this.#expectsEnd = false;
    const bind = `mount --bind "$HOSTS" /etc/hosts && exec "$@"`;
    const running = start("unshare", ["--mount", "sh", "-c", bind, "sh", SLUICE, ...this.#args], {
      env: { HOSTS: this.#hosts, ...(this.#isFaked && this.#ownClock()) },
    });
    void running.ended.then((code) => {
      if (!this.#expectsEnd) this.surprises.push(`ended by itself with ${code}: ${running.stderr().slice(-1500)}`);
    });
    return running;
  }

  #ownClock(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: findProgram("faketime") ? FAKETIME : "",
      FAKETIME_TIMESTAMP_FILE: this.#clock,
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }
}
