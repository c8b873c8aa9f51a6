import {
  addTag,
  count,
  type Event,
  formatInstant,
  newTally,
  type Program,
  type ProgramInput,
  type ProgramOutput,
  type StepRun,
  type Tally,
} from "@sluice/core";
import { Frames } from "./frames.ts";
import { forEachRecord } from "./records.ts";
import type { Stages } from "./stages.ts";

/** The plain way through a pipeline, one event at a time: the reference for every faster one. */
export class PlainProgram implements Program {
  readonly spread;
  readonly #stages: Stages;
  readonly #stamp: boolean;
  readonly #frames: readonly Frames[];

  constructor(stages: Stages, stamp: boolean) {
    this.#stages = stages;
    this.#stamp = stamp;
    this.spread = stages.spread;
    this.#frames = stages.sinks.map(() => new Frames());
  }

  run(input: ProgramInput, progress?: Int32Array): ProgramOutput {
    const tally = newTally();
    const run: StepRun = { now: input.now, tally };
    const readTime = formatInstant(input.now);
    tally.inBytes = forEachRecord(input, (index, text, position, extra) => {
      if (progress) progress[0] = index;
      const event = this.#decode(input, text, position, readTime, extra);
      this.process(event, run, this.#frames, input.skip?.includes(index) ?? false);
    });
    return { outputs: this.#frames.map((frames) => frames.take()), tally };
  }

  /** Runs one record of a batch, e.g. one that the kernel has handed back. */
  runRecord(input: ProgramInput, text: string, position: number, frames: readonly Frames[], run: StepRun): void {
    this.process(this.#decode(input, text, position, formatInstant(input.now), undefined), run, frames, false);
  }

  /** Runs steps and encoders over one event. */
  process(event: Event, run: StepRun, frames: readonly Frames[], skipSteps: boolean): void {
    run.tally.in++;
    const reason = skipSteps ? this.passSteps(event, run) : this.applySteps(event, run);
    if (reason !== null) {
      count(run.tally.dropped, reason);
      return;
    }
    run.tally.kept++;
    countTags(event, run.tally);
    this.#encode(event, run, frames);
  }

  /** Applies the steps in place; returns the reason when one of them drops the event. */
  applySteps(event: Event, run: StepRun): string | null {
    for (const { step, when, reason } of this.#stages.steps) {
      if (when !== undefined && !when(event)) continue;
      if (step.apply(event, run) === null) return reason;
    }
    return null;
  }

  /**
   * Takes an event past the steps, because one of them hung on it, and tags it `_timeout`. Those without which nothing
   * may leave still see it: a hostile line must not get past the sanitizer by making another step hang.
   */
  passSteps(event: Event, run: StepRun): string | null {
    addTag(event, "_timeout");
    for (const { step, reason } of this.#stages.steps) {
      if (step.skipped !== undefined && step.skipped(event, run) === null) return reason;
    }
    return null;
  }

  #encode(event: Event, run: StepRun, frames: readonly Frames[]): void {
    for (const [index, { encoder, when }] of this.#stages.sinks.entries()) {
      if (when !== undefined && !when(event)) continue;
      const target = frames[index] as Frames;
      encoder.encode(event, target.writer, run.tally);
      target.end();
    }
  }

  #decode(input: ProgramInput, text: string, position: number, readTime: string, extra: Event | undefined): Event {
    const { id, fields, positionField } = input.stream;
    const event: Event = this.#stamp
      ? { "@timestamp": readTime, message: text, "event.id": `${id}-${position.toString(16)}` }
      : { message: text };
    Object.assign(event, fields);
    if (positionField !== undefined) event[positionField] = position;
    return extra === undefined ? event : Object.assign(event, extra);
  }
}

function countTags(event: Event, tally: Tally): void {
  const tags = event["tags"];
  if (!Array.isArray(tags)) return;
  for (const tag of tags) if (typeof tag === "string" && tag.startsWith("_")) count(tally.tagged, tag);
}
