import type { z } from "zod";
import type { Tally } from "./batch.ts";
import type { CreateContext } from "./create-context.ts";
import type { Event, Value } from "./event.ts";
import type { ParsePlan, PlanConstant } from "./kernel-plan.ts";
import type { Memory } from "./memory.ts";

// Authors write functions, the runtime makes the streams. docs/component-contract.md says the same in prose.

/** What a step sees of the run. Pure: time is passed in. */
export interface StepRun {
  /** Milliseconds since the epoch when the batch was read. */
  readonly now: number;
  readonly tally: Tally;
  /** For steps with `memories` or `tick`. */
  readonly flow?: StepFlow;
}

/** An event that a step holds back; its batch is not settled before it is released. */
export interface Hold {
  readonly batch: unknown;
}

/** What a step can do besides passing on or dropping the event at hand. */
export interface StepFlow {
  /** `stream.id` of the event at hand. */
  readonly stream: string;
  /** Position of the event at hand in its stream; NaN when it has none. */
  readonly position: number;
  /** Passes on a new event to the steps that follow. It is counted as made, and gives itself `event.id` and `@timestamp`. */
  emit(event: Event): void;
  /** Keeps the event at hand, for which `apply` then returns null. Every hold is released, at a tick at the latest. */
  hold(): Hold;
  /** The event at hand went into one that is held: `apply` returns null, and it is counted as dropped for `joined`. */
  join(): void;
  /**
   * Passes on a held event to the steps that follow, as a part of the batch that it came with.
   * @param remember changes memories on behalf of that batch
   */
  release(hold: Hold, event: Event, remember?: () => void): void;
}

/**
 * Why a step is asked for what is due. `time`: time has passed. `pressure`: too much is held back, it has to go.
 * `stop`: the run ends, and goes on from here at the next start; nothing may be held back. `end`: the input has ended.
 */
export type Tick = "time" | "pressure" | "stop" | "end";

/**
 * Looks at whole batches of bytes for lines that a step might do anything about, so that all others can stay in the
 * kernel. It may name a line too many, never one too few.
 */
export interface Screen {
  /** Where such lines begin, in ascending order. Lines end with a newline; each stands for itself. */
  suspects(data: Uint8Array<ArrayBuffer>): readonly number[];
}

// biome-ignore lint/suspicious/noExplicitAny: memories of steps hold what the step says
export type AnyMemory = Memory<any>;

/** A step over one event: the event (changed in place) or null when it is dropped for `reason`. */
export interface Step {
  readonly apply: (event: Event, run: StepRun) => Event | null;
  /**
   * For steps without which an event must not leave, like `sanitize`: called instead of `apply`, whatever the step's
   * `when` says, for an event that passes all steps by because one of them hung on it. Makes the event safe without doing
   * anything that could hang, e.g. by withholding its text; null drops it.
   */
  readonly skipped?: (event: Event, run: StepRun) => Event | null;
  /** Everything that the step remembers from event to event, by name. */
  readonly memories?: Readonly<Record<string, AnyMemory>>;
  /** Called about every second, and at the end, for what is due without an event: see {@link StepFlow.emit}. */
  readonly tick?: (run: StepRun, why: Tick) => void;
  /** Count under which events dropped by this step appear in the ledger. */
  readonly reason?: string;
  /** Tells the kernel how to do the same on bytes, when that is possible. */
  readonly plan?: ParsePlan;
  /** Fields that the step sets on every event, whatever it holds; nothing else happens in it. */
  readonly constants?: readonly PlanConstant[];
  /**
   * For a step that leaves most events alone, and that looks at a string on its own: what it finds in a part of a line it
   * would find in the line. Null when it can name no lines beforehand.
   */
  readonly screen?: () => Screen | null;
  /** Slow checks that only `validate` runs, e.g. for patterns that backtrack. Resolves to warnings. */
  readonly diagnose?: () => Promise<readonly string[]>;
}

/** How far a program may be spread over worker threads. */
export type Spread = "any" | "by-stream" | "single";

/** Grok pattern files: name → text. Read by the CLI, so that steps stay pure. */
export type PatternFiles = Readonly<Record<string, string>>;

export interface StepContext extends CreateContext {
  readonly patterns: PatternFiles;
}

export interface StepDefinition<O = unknown> {
  readonly kind: "step";
  /** The key in the pipeline file, e.g. `parse`. */
  readonly type: string;
  readonly summary: string;
  readonly options: z.ZodType<O>;
  readonly spread: Spread;
  /**
   * Whether it runs on events that went through a pipeline before and are read back from an archive: for steps that
   * decide about an event and change nothing in it. All others leave such an event as it was archived, but for those that
   * must not be passed by (`Step.skipped`). Default false.
   */
  readonly again?: boolean;
  /**
   * What the options stand for, besides the defaults of their type: the long form of a short one, and defaults that
   * follow from other options, as they would be written. For `sluice explain`.
   */
  readonly longForm?: (options: O) => Readonly<Record<string, Value>>;
  create(options: O, ctx: StepContext): Step;
}
