import { setTimeout as sleep } from "node:timers/promises";
import { type Logger, orStopped } from "@sluice/core";
import { type EngineClient, EngineError } from "../engine/client.ts";
import { type ContainerDetails, inspectContainer } from "../engine/containers.ts";
import type { LogsOptions } from "../options.ts";
import type { Budget } from "./budget.ts";
import { LogConnection } from "./connection.ts";
import { containerFields, containerName, outputFields } from "./fields.ts";
import { FrameSplitter, TerminalSplitter } from "./frames.ts";
import { Passage } from "./passage.ts";
import type { LogPosition } from "./position.ts";
import { LogProgress } from "./progress.ts";
import { LogReports } from "./reports.ts";
import { Reserve, type Slots } from "./reserve.ts";
import { rotationOf } from "./rotation.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
const READ_CHUNK = 65_536;
const LOOK_MS = 200;

/** What all logs of a run share. */
export interface LogsRun {
  readonly client: EngineClient;
  readonly options: LogsOptions;
  readonly budget: Budget;
  readonly slots: Slots;
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
  readonly #reports: LogReports;
  #wake: (() => void) | undefined;
  #woken = false;

  constructor(id: string, position: LogPosition, run: LogsRun) {
    this.id = id;
    this.#run = run;
    this.#reports = new LogReports(run.log);
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
        if (!details.State?.Running || this.#reports.isUnreadable) await this.#sleep();
        // A follow that ends at once: the container is just being stopped or started.
        else if (taken === 0) await this.#sleep((pause = Math.min(pause * 2, LONGEST_PAUSE_MS)));
      } catch (error) {
        if (stop.aborted) return;
        if (finite) throw error;
        this.#reports.failure(error);
        await this.#sleep((pause = Math.min(pause * 2, LONGEST_PAUSE_MS)));
      }
    }
  }

  /** Looks at the container; null when it is gone. */
  async #describe(): Promise<ContainerDetails | null> {
    const { client, stop, options } = this.#run;
    try {
      const details = await inspectContainer(client, this.id, stop);
      this.#reports.name = containerName(details.Name);
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
    const reserve = this.#reserve(details, follow);
    let taken = 0;
    try {
      for (let end: End = "again"; end === "again"; ) {
        const connection = await reserve.next(this.progress.position.since);
        const passage = this.#passage(details, follow, connection, reserve);
        end = await this.#read(connection, passage, reserve, details);
        taken += passage.taken;
      }
      this.#reports.isUnreadable = false;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.status === 404 || error.status === 409) return taken;
      if (!/does not support reading/.test(error.message)) throw error;
      this.#reports.unreadable(details);
    } finally {
      reserve.release();
    }
    return taken;
  }

  #reserve(details: ContainerDetails, follow: boolean): Reserve {
    const { client, options, slots, stop } = this.#run;
    const request = { client, id: this.id, streams: options.streams, follow, stop };
    return new Reserve(rotationOf(details), slots, (since) => LogConnection.open(request, since));
  }

  #passage(details: ContainerDetails, follow: boolean, { opened }: LogConnection, reserve: Reserve): Passage {
    const { client, options } = this.#run;
    return new Passage({
      progress: this.progress,
      follow,
      opened,
      rotatesAt: rotationOf(details).size,
      repeats: client.repeatsAtRotation,
      maxLine: options.max_line_bytes,
      now: () => client.now(),
      isRelieved: () => reserve.takesOver,
      onFault: (text) => this.#reports.fault(text),
      onGap: (from, to) => {
        const { fields, text } = this.#reports.gap(from, to);
        this.progress.gap(from, to, fields, text);
      },
    });
  }

  /** Reads a connection. `again`: it was left because it may have left out lines, or repeated them. */
  async #read(connection: LogConnection, passage: Passage, reserve: Reserve, details: ContainerDetails): Promise<End> {
    let isWhole = false;
    try {
      const splitter = details.Config?.Tty ? new TerminalSplitter() : new FrameSplitter();
      const end = await this.#drain(connection, splitter, passage, reserve);
      isWhole = end === "ended";
      if (isWhole) splitter.end(passage);
      return end;
    } finally {
      passage.finish(isWhole && details.State?.Running !== true);
      if (this.progress.hasLines) this.#run.ready(this);
      if (!isWhole) connection.close();
    }
  }

  async #drain(
    { body }: LogConnection,
    splitter: FrameSplitter | TerminalSplitter,
    passage: Passage,
    reserve: Reserve,
  ): Promise<End> {
    const { budget, client, stop, ready } = this.#run;
    const since = () => this.progress.position.since;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += READ_CHUNK) {
        const room = budget.room();
        if (room) await this.#wait(room, () => reserve.look(client.now(), since));
        if (stop.aborted) return "full";
        passage.arrive();
        const piece = chunk.subarray(at, at + READ_CHUNK);
        const goesOn = splitter.push(piece, passage);
        if (this.progress.hasLines) ready(this);
        if (!goesOn) return "again";
        reserve.read(piece.length, passage.reached, client.now(), since);
      }
    }
    return "ended";
  }

  /** Waits for room, and looks after the connections meanwhile. */
  async #wait(room: Promise<void>, look: () => void): Promise<void> {
    const looking = setInterval(look, LOOK_MS);
    await orStopped(room, this.#run.stop);
    clearInterval(looking);
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
}
