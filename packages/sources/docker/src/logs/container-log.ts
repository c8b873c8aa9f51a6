import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type Logger, orStopped, SluiceError } from "@sluice/core";
import { type EngineClient, EngineError } from "../engine/client.ts";
import { type ContainerDetails, inspectContainer } from "../engine/containers.ts";
import type { LogsOptions } from "../options.ts";
import { type Moment, momentText, sinceText } from "../time.ts";
import type { Budget } from "./budget.ts";
import { containerFields, containerName, outputFields } from "./fields.ts";
import { FrameSplitter, TerminalSplitter } from "./frames.ts";
import { Passage } from "./passage.ts";
import type { LogPosition } from "./position.ts";
import { LogProgress } from "./progress.ts";
import { rotationSize } from "./rotation.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
const READ_CHUNK = 65_536;

/** What all logs of a run share. */
export interface LogsRun {
  readonly client: EngineClient;
  readonly options: LogsOptions;
  readonly budget: Budget;
  readonly log: Logger;
  readonly stop: AbortSignal;
  /** Read what is there and end. */
  readonly finite: boolean;
  /** Called when there are lines to emit. */
  readonly ready: (log: ContainerLog) => void;
}

type End = "ended" | "again" | "full";

/** Reads the log of one container as long as it exists. */
export class ContainerLog {
  readonly id: string;
  readonly progress: LogProgress;
  readonly #run: LogsRun;
  #name = "";
  #wake: (() => void) | undefined;
  #woken = false;
  #unreadable = false;
  #faulty = false;
  #gaps = 0;

  constructor(id: string, position: LogPosition, run: LogsRun) {
    this.id = id;
    this.#run = run;
    this.progress = new LogProgress(id, position, (bytes) => run.budget.take(bytes));
  }

  /** The container has started, is gone, or has another name, or the engine is there again. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Resolves when the container is gone, or, in a finite run, when its log is read. */
  async read(): Promise<void> {
    const { stop, finite } = this.#run;
    let pause = FIRST_PAUSE_MS;
    while (!stop.aborted) {
      this.#woken = false;
      try {
        const details = await this.#describe();
        if (details === null) return;
        const taken = await this.#readOnce(details);
        if (finite) return;
        pause = taken > 0 ? FIRST_PAUSE_MS : pause;
        if (!details.State?.Running || this.#unreadable) await this.#sleep();
        // A follow that ends at once: the container is just being stopped or started.
        else if (taken === 0) await this.#sleep((pause = Math.min(pause * 2, LONGEST_PAUSE_MS)));
      } catch (error) {
        if (stop.aborted) return;
        if (finite) throw error;
        this.#complain(error);
        await this.#sleep((pause = Math.min(pause * 2, LONGEST_PAUSE_MS)));
      }
    }
  }

  /** Looks at the container; null when it is gone. */
  async #describe(): Promise<ContainerDetails | null> {
    const { client, stop, options } = this.#run;
    try {
      const details = await inspectContainer(client, this.id, stop);
      this.#name = containerName(details.Name);
      this.progress.isTerminal = details.Config?.Tty === true;
      this.progress.setFields(containerFields(details, options.docker_names), outputFields(options.docker_names));
      return details;
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return null;
      throw error;
    }
  }

  /** Reads on until the log ends; returns the number of new lines. */
  async #readOnce(details: ContainerDetails): Promise<number> {
    const follow = details.State?.Running === true && !this.#run.finite;
    let taken = 0;
    try {
      for (let end: End = "again"; end === "again"; ) {
        const passage = this.#passage(details, follow);
        end = await this.#connect(passage, details, follow);
        taken += passage.taken;
      }
      this.#unreadable = false;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.status === 404 || error.status === 409) return taken;
      if (!/does not support reading/.test(error.message)) throw error;
      this.#sayUnreadable(details);
    }
    return taken;
  }

  #passage(details: ContainerDetails, follow: boolean): Passage {
    const { client, options } = this.#run;
    const now = () => Date.now() + client.clockOffset;
    return new Passage({
      progress: this.progress,
      follow,
      opened: now(),
      rotatesAt: rotationSize(details),
      repeats: client.repeatsAtRotation,
      maxLine: options.max_line_bytes,
      now,
      onFault: (text) => this.#sayFault(text),
      onGap: (from, to) => this.#reportGap(from, to),
    });
  }

  /** One connection. `again`: it was given up because it may have left out lines, or repeated them. */
  async #connect(passage: Passage, details: ContainerDetails, follow: boolean): Promise<End> {
    const { client, options, stop } = this.#run;
    const closing = new AbortController();
    const signal = AbortSignal.any([stop, closing.signal]);
    const query = {
      follow: follow ? "1" : "0",
      stdout: options.streams.includes("stdout") ? "1" : "0",
      stderr: options.streams.includes("stderr") ? "1" : "0",
      timestamps: "1",
      since: sinceText(this.progress.position.since),
    };
    let isWhole = false;
    try {
      const { body } = await client.stream(`/containers/${this.id}/logs`, query, signal);
      const splitter = details.Config?.Tty ? new TerminalSplitter() : new FrameSplitter();
      const end = await this.#drain(body, splitter, passage);
      isWhole = end === "ended";
      if (isWhole) splitter.end(passage);
      return end;
    } finally {
      passage.finish(isWhole && details.State?.Running !== true);
      if (this.progress.hasLines) this.#run.ready(this);
      if (!isWhole) closing.abort();
    }
  }

  async #drain(body: Readable, splitter: FrameSplitter | TerminalSplitter, passage: Passage): Promise<End> {
    const { budget, stop, ready } = this.#run;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += READ_CHUNK) {
        const room = budget.room();
        if (room) await orStopped(room, stop);
        if (stop.aborted) return "full";
        passage.arrive();
        const goesOn = splitter.push(chunk.subarray(at, at + READ_CHUNK), passage);
        if (this.progress.hasLines) ready(this);
        if (!goesOn) return "again";
      }
    }
    return "ended";
  }

  /** Waits to be woken, so long at most. */
  async #sleep(ms?: number): Promise<void> {
    if (this.#woken) return;
    const { stop } = this.#run;
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    const over = new AbortController();
    const signal = AbortSignal.any([stop, over.signal]);
    const timer = ms === undefined ? [] : [sleep(ms, undefined, { signal }).catch(() => {})];
    await orStopped(Promise.race([woken, ...timer]), stop);
    over.abort();
    this.#wake = undefined;
  }

  #sayUnreadable(details: ContainerDetails): void {
    if (!this.#unreadable) {
      const driver = details.HostConfig?.LogConfig?.Type;
      const hint = "its lines cannot be read here: use another driver, or let it send to sluice's source `gelf`";
      this.#run.log.warn({ container: this.#name, driver, hint }, "the container's logging driver keeps no log");
    }
    this.#unreadable = true;
  }

  #sayFault(text: string): void {
    const log = this.#run.log;
    const write = this.#faulty ? log.debug.bind(log) : log.warn.bind(log);
    this.#faulty = true;
    write({ container: this.#name, error: text }, "the Docker engine cannot read on in the container's log");
  }

  #complain(error: unknown): void {
    const { message, hint } = error as SluiceError;
    this.#run.log.debug({ container: this.#name, error: message, hint }, "the container's log cannot be read now");
  }

  #reportGap(from: Moment, to: Moment): void {
    this.#gaps++;
    const [start, end] = [momentText(from), momentText(to)];
    const text = `lines of container ${this.#name} between ${start} and ${end} were deleted by Docker's log rotation before they were read`;
    const hint = "raise max-size and max-file of its log, or see why the sinks are slow";
    this.#run.log.warn(
      { container: this.#name, from: start, to: end, gaps: this.#gaps, hint },
      "a gap in a container's log",
    );
    const fields = {
      "event.kind": "alert",
      "event.action": "log_gap",
      "event.start": start,
      "event.end": end,
      "rule.name": "docker_log_gap",
      "log.level": "warning",
    };
    this.progress.gap(from, to, fields, text);
  }
}
