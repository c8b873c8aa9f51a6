import {
  addTag,
  count,
  type Event,
  formatInstant,
  newTally,
  type Program,
  type ProgramInput,
  type ProgramOutput,
  type ProgramSpec,
  parseRfc3339,
  type Seen,
  type StepRun,
  type Tally,
  type TimeWindow,
} from "@sluice/core";
import { Frames } from "./frames.ts";
import { readOwnEvent } from "./own-event.ts";
import { forEachRecord, lineAt } from "./records.ts";
import type { Stages } from "./stages.ts";
import type { Observer } from "./watch/observer.ts";
import type { Observing } from "./watch/observing.ts";
import { sampleLines } from "./watch/sample.ts";

/** How an event goes through the steps: as a new one, as one read back from an archive, or past them. */
type Way = "apply" | "again" | "skip";

/** The plain way through a pipeline, one event at a time: the reference for every faster one. */
export class PlainProgram implements Program {
  readonly spread;
  readonly #stages: Stages;
  readonly #stamp: boolean;
  readonly #window: TimeWindow | undefined;
  readonly #frames: readonly Frames[];
  readonly #observing: Observing | undefined;
  /** Present while a batch is looked at. */
  #observer: Observer | undefined;

  constructor(stages: Stages, { stamp, window }: Pick<ProgramSpec, "stamp" | "window">, observing?: Observing) {
    this.#stages = stages;
    this.#stamp = stamp;
    this.#window = window;
    this.#observing = observing;
    this.spread = stages.spread;
    this.#frames = stages.sinks.map(() => new Frames());
  }

  run(input: ProgramInput, progress?: Int32Array): ProgramOutput {
    const tally = newTally();
    this.#observer = input.watch && this.#observing?.(input.watch);
    const run: StepRun = { now: input.now, tally };
    const readTime = formatInstant(input.now);
    tally.inBytes = forEachRecord(input, (index, text, position, extra) => {
      if (progress) progress[0] = index;
      const own = input.stream.mayHoldEvents ? readOwnEvent(text) : null;
      const event = own ?? this.#decode(input, text, position, readTime, extra);
      const way = input.skip?.includes(index) ? "skip" : own ? "again" : "apply";
      this.process(event, run, this.#frames, way);
    });
    const outputs = this.#frames.map((frames) => frames.take());
    const observer = this.#observer;
    this.#observer = undefined;
    return observer ? { outputs, tally, seen: observer.seen() } : { outputs, tally };
  }

  /** Looks at lines of a batch that has been through a kernel, which makes no events: at all of them, or at a sample. */
  look(input: ProgramInput, lines: number): Seen | undefined {
    const { watch, framing, data, now } = input;
    if (!watch || !this.#observing || framing.kind !== "lines") return undefined;
    const starts = sampleLines(data, lines, watch.examine);
    if (starts.length === 0) return undefined;
    const observer = this.#observing(watch, { size: starts.length, weight: Math.max(1, lines / starts.length) });
    this.#observer = observer;
    for (const start of starts) {
      this.runRecord(input, lineAt(data, start).text, framing.base + start, this.#frames, { now, tally: newTally() });
    }
    this.#observer = undefined;
    for (const frames of this.#frames) frames.take();
    return observer.seen();
  }

  /** Runs one record of a batch, e.g. one that the kernel has handed back. */
  runRecord(input: ProgramInput, text: string, position: number, frames: readonly Frames[], run: StepRun): void {
    this.process(this.#decode(input, text, position, formatInstant(input.now), undefined), run, frames, "apply");
  }

  /** Runs steps and encoders over one event. */
  process(event: Event, run: StepRun, frames: readonly Frames[], way: Way): void {
    run.tally.in++;
    if (this.#observer?.looksAtSteps) this.#observer.afterSteps(0, event);
    const reason = this.#throughSteps(event, run, way) ?? this.#outsideWindow(event);
    if (reason !== null) {
      count(run.tally.dropped, reason);
      return;
    }
    run.tally.kept++;
    this.#observer?.kept(event);
    countTags(event, run.tally);
    this.#encode(event, run, frames);
  }

  #throughSteps(event: Event, run: StepRun, way: Way): string | null {
    return way === "skip" ? this.passSteps(event, run) : this.applySteps(event, run, way === "again");
  }

  #outsideWindow(event: Event): string | null {
    if (this.#window === undefined) return null;
    const { since = -Infinity, until = Infinity } = this.#window;
    const time = event["@timestamp"];
    const instant = typeof time === "string" ? parseRfc3339(time) : null;
    return instant === null || (instant.ms >= since && instant.ms < until) ? null : "outside_time";
  }

  /**
   * Applies the steps in place; returns the reason when one of them drops the event.
   * @param again the event went through a pipeline before
   */
  applySteps(event: Event, run: StepRun, again = false): string | null {
    const { steps } = this.#stages;
    for (let index = 0; index < steps.length; index++) {
      const { step, when, reason, again: runsAgain } = steps[index] as Stages["steps"][number];
      const skips = (again && !runsAgain) || (when !== undefined && !when(event));
      if (!skips && step.apply(event, run) === null) return reason;
      if (this.#observer?.looksAtSteps) this.#observer.afterSteps(index + 1, event);
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
      this.#observer?.atSink(index, event);
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
