import {
  addTag,
  count,
  type Event,
  formatInstant,
  newTally,
  type Program,
  type ProgramInput,
  type ProgramMemory,
  type ProgramOutput,
  type ProgramSpec,
  parseRfc3339,
  type Seen,
  type StepRun,
  type Tally,
  type Tick,
  type TimeWindow,
} from "@sluice/core";
import { Flow, type Part } from "./flow.ts";
import { Frames } from "./frames.ts";
import { readOwnEvent } from "./own-event.ts";
import { aboutLine, forEachRecord, lineAt } from "./records.ts";
import { StageFlow } from "./stage-flow.ts";
import type { Stages } from "./stages.ts";
import type { Observer } from "./watch/observer.ts";
import type { Observing } from "./watch/observing.ts";
import { sampleLines } from "./watch/sample.ts";

/** How an event goes through the steps: as a new one, as one read back from an archive, or past them. */
type Way = "apply" | "again" | "skip";

/** What `applySteps` returns for an event that a step has kept. */
const TAKEN = "(taken)";
/** Input that may wait because events of it are held back. */
const MOST_HELD_BYTES = 8 * 1024 * 1024;

const NO_LINES = { kind: "lines", base: 0 } as const;

/** The plain way through a pipeline, one event at a time: the reference for every faster one. */
export class PlainProgram implements Program {
  readonly spread;
  readonly #stages: Stages;
  readonly #stamp: boolean;
  readonly #window: TimeWindow | undefined;
  readonly #frames: readonly Frames[];
  readonly #flow: Flow | undefined;
  /** By step; undefined for those that only look at the event at hand. */
  readonly #stageFlows: readonly (StageFlow | undefined)[];
  readonly #onOutcome: ((outcome: Event | null) => void) | undefined;
  #now = 0;
  readonly #observing: Observing | undefined;
  /** Present while a batch is looked at. */
  #observer: Observer | undefined;

  /** @param onOutcome is told of each event that comes out, and by null of each that a step has dropped. */
  constructor(
    stages: Stages,
    { stamp, window }: Pick<ProgramSpec, "stamp" | "window">,
    observing?: Observing,
    onOutcome?: (outcome: Event | null) => void,
  ) {
    this.#stages = stages;
    this.#onOutcome = onOutcome;
    this.#stamp = stamp;
    this.#window = window;
    this.#observing = observing;
    this.spread = stages.spread;
    this.#frames = stages.sinks.map(() => new Frames());
    const isPlain = stages.steps.every(({ step }) => !step.memories && !step.tick);
    const flow = isPlain ? undefined : new Flow(stages.memories, stages.sinks.length);
    this.#flow = flow;
    this.#stageFlows = stages.steps.map(({ step, type }, index) =>
      flow && (step.memories || step.tick)
        ? new StageFlow(flow, type, index, (event, from, isHostile) => this.#proceed(event, flow.part, from, isHostile))
        : undefined,
    );
  }

  get memory(): ProgramMemory | undefined {
    return this.#flow;
  }

  run(input: ProgramInput, progress?: Int32Array): ProgramOutput {
    const tally = newTally();
    const flow = this.#flow;
    this.#now = input.now;
    this.#observer = input.watch && this.#observing?.(input.watch);
    flow?.begin(input, this.#frames, tally, progress);
    if (input.tick) this.#tick(input.tick);
    else this.#runRecords(input, tally, progress);
    if (flow && flow.heldBytes > MOST_HELD_BYTES) this.#tick("pressure");
    const output = flow ? flow.finish() : { outputs: this.#frames.map((frames) => frames.take()), tally };
    const observer = this.#observer;
    this.#observer = undefined;
    return observer ? withSeen(output, observer.seen()) : output;
  }

  /** Asks the steps, in order, for what is due. */
  #tick(why: Tick): void {
    for (const [index, { step }] of this.#stages.steps.entries()) {
      const flow = this.#stageFlows[index];
      if (flow && step.tick) step.tick({ now: this.#now, tally: (this.#flow as Flow).part.tally, flow }, why);
    }
  }

  /** Puts an event that a step has made, or given free, through the steps from one on. */
  #proceed(event: Event, { frames, tally }: Part, from: number, isHostile: boolean): void {
    const run = { now: this.#now, tally };
    const reason = isHostile ? this.passSteps(event, run) : this.applySteps(event, run, false, from);
    this.#conclude(event, run, frames, reason);
  }

  #runRecords(input: ProgramInput, tally: Tally, progress: Int32Array | undefined): void {
    const run: StepRun = { now: input.now, tally };
    const readTime = formatInstant(input.now);
    tally.inBytes = forEachRecord(input, (index, text, position, extra) => {
      if (progress) progress[0] = index;
      if (this.#flow) this.#flow.position = position;
      const own = input.stream.mayHoldEvents ? readOwnEvent(text) : null;
      const event = own ?? this.#decode(input, text, position, readTime, extra);
      const way = input.skip?.includes(index) ? "skip" : own ? "again" : "apply";
      this.process(event, run, this.#frames, way);
    });
  }

  /** Runs an event as a batch of its own. */
  runEvent(event: Event, position: number, run: StepRun): void {
    this.#now = run.now;
    const stream = { id: "test", fields: {} };
    this.#flow?.begin({ stream, data: new Uint8Array(0), framing: NO_LINES, now: run.now }, this.#frames, run.tally);
    if (this.#flow) this.#flow.position = position;
    this.process(event, run, this.#frames, "apply");
    this.#flow?.finish();
  }

  /** Looks at lines of a batch that has been through a kernel, which makes no events: at all of them, or at a sample. */
  look(input: ProgramInput, lines: number): Seen | undefined {
    const { watch, data, now } = input;
    if (!watch || !this.#observing) return undefined;
    const starts = sampleLines(data, lines, watch.examine);
    if (starts.length === 0) return undefined;
    const observer = this.#observing(watch, { size: starts.length, weight: Math.max(1, lines / starts.length) });
    this.#observer = observer;
    for (const start of starts) {
      this.runLine(input, lineAt(data, start).text, start, this.#frames, { now, tally: newTally() });
    }
    this.#observer = undefined;
    for (const frames of this.#frames) frames.take();
    return observer.seen();
  }

  /** Runs one line of a batch, e.g. one that the kernel has handed back, given where it starts. */
  runLine(input: ProgramInput, text: string, start: number, frames: readonly Frames[], run: StepRun): void {
    const { position, extra } = aboutLine(input, start);
    this.process(this.#decode(input, text, position, formatInstant(input.now), extra), run, frames, "apply");
  }

  /** Runs steps and encoders over one event. */
  process(event: Event, run: StepRun, frames: readonly Frames[], way: Way): void {
    run.tally.in++;
    if (this.#observer?.looksAtSteps) this.#observer.afterSteps(0, event);
    this.#conclude(event, run, frames, this.#throughSteps(event, run, way));
  }

  #conclude(event: Event, run: StepRun, frames: readonly Frames[], stepReason: string | null): void {
    if (stepReason === TAKEN) return;
    const reason = stepReason ?? this.#outsideWindow(event);
    this.#onOutcome?.(reason === null ? event : null);
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
   * @param from index of the first step
   */
  applySteps(event: Event, run: StepRun, again = false, from = 0): string | null {
    const { steps } = this.#stages;
    for (let index = from; index < steps.length; index++) {
      const { step, when, reason, again: runsAgain } = steps[index] as Stages["steps"][number];
      const skips = (again && !runsAgain) || (when !== undefined && !when(event));
      const flow = this.#stageFlows[index];
      if (!skips && step.apply(event, flow ? { now: run.now, tally: run.tally, flow } : run) === null) {
        return flow?.wasTaken() ? TAKEN : reason;
      }
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

/** With what was seen in the run. Of a batch that is held back nothing is handed on: then it goes with what is. */
function withSeen(output: ProgramOutput, seen: Seen): ProgramOutput {
  const [first, ...others] = output.earlier ?? [];
  if (!output.held || !first) return { ...output, seen };
  return { ...output, earlier: [{ ...first, output: { ...first.output, seen } }, ...others] };
}

function countTags(event: Event, tally: Tally): void {
  const tags = event["tags"];
  if (!Array.isArray(tags)) return;
  for (const tag of tags) if (typeof tag === "string" && tag.startsWith("_")) count(tally.tagged, tag);
}
