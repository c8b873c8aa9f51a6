import {
  addTag,
  duration,
  type Event,
  type Hold,
  Memory,
  type StepDefinition,
  type StepFlow,
  size,
} from "@sluice/core";
import { z } from "zod";

const regex = z.string().superRefine((text, ctx) => {
  const fault = faultOf(() => new RegExp(text));
  if (fault) ctx.addIssue({ code: "custom", message: `not a regular expression: ${fault.message}` });
});

function faultOf(make: () => unknown): Error | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

const RULES = ["start", "continuation", "continued", "end"] as const;

const options = z
  .strictObject({
    start: regex.optional().describe("A line that matches begins an event; all others belong to the one before"),
    continuation: regex.optional().describe("A line that matches belongs to the line before it, e.g. `^\\s`"),
    continued: regex.optional().describe("A line that matches goes on in the next line, e.g. `\\\\$`"),
    end: regex.optional().describe("A line that matches is the last one of its event"),
    timeout: duration().prefault("1s").describe("An open event goes on when no line of its stream came for this long"),
    max_lines: z
      .int()
      .min(1)
      .default(500)
      .describe("An event ends after this many lines, and is tagged `_multiline_cut`"),
    max_bytes: size().prefault("1MiB").describe("An event ends before the line that would make it longer than this"),
  })
  .refine((value) => RULES.filter((rule) => value[rule] !== undefined).length === 1, {
    message: `give exactly one of ${RULES.join(", ")}`,
  });

type MultilineOptions = z.output<typeof options>;

/** Lines that are being joined. */
interface Group {
  readonly hold: Hold;
  readonly event: Event;
  readonly text: string;
  readonly previous: string;
  readonly lines: number;
  /** Position of its last line in the stream. */
  readonly last: number;
  /** Time of the first tick at which no new line had come; undefined before. */
  readonly quietSince: number | undefined;
}

/** How long it is known of a stream which of its lines are joined to earlier ones. */
const KEEP_MS = 30 * 86_400_000;

/** `multiline`: joins the lines of one stream that belong together. Positions wait for what is held back. */
export const multilineStep: StepDefinition<MultilineOptions> = {
  kind: "step",
  type: "multiline",
  summary: "Joins lines that belong together, e.g. stack traces, into one event",
  options,
  spread: "by-stream",
  create: (written) => {
    const joiner = new Joiner(written);
    return {
      memories: { groups: joiner.groups, joined: joiner.joined },
      apply: (event, run) => joiner.take(event, run.flow as StepFlow, run.now),
      tick: (run, why) => joiner.tick(run.flow as StepFlow, run.now, why === "time"),
    };
  },
};

class Joiner {
  readonly groups = new Memory<Group>({ durable: false });
  /** By stream, the position up to which lines went into events of batches that are settled. */
  readonly joined = new Memory<number>({ max: 10_000 });
  readonly #options: MultilineOptions;
  readonly #begins: (previous: string, line: string) => boolean;
  readonly #closes: (line: string) => boolean;

  constructor(written: MultilineOptions) {
    this.#options = written;
    const { start, continuation, continued, end } = written;
    const test = (source: string) => {
      const pattern = new RegExp(source);
      return (line: string) => pattern.test(line);
    };
    const [isStart, isRest] = [start && test(start), continuation && test(continuation)];
    const [goesOn, isEnd] = [continued && test(continued), end && test(end)];
    this.#closes = goesOn ? (line) => !goesOn(line) : isEnd || (() => false);
    this.#begins = (previous, line) => {
      if (isStart) return isStart(line);
      return isRest ? !isRest(line) : this.#closes(previous);
    };
  }

  take(event: Event, flow: StepFlow, now: number): Event | null {
    const line = event["message"];
    const { stream, position } = flow;
    const group = this.groups.get(stream);
    if (typeof line !== "string") {
      if (group) this.#release(group, flow, now);
      return event;
    }
    if (!group && position < (this.joined.get(stream) ?? Number.NEGATIVE_INFINITY)) {
      // Read again after a restart: it went into an event that was delivered.
      flow.join();
      return null;
    }
    if (group && !this.#begins(group.previous, line)) {
      if (!this.#isFull(group, line)) return this.#join(group, line, flow, now);
      this.#release(group, flow, now, "_multiline_cut");
    } else if (group) this.#release(group, flow, now);
    this.#open(event, line, flow, now);
    return null;
  }

  tick(flow: StepFlow, now: number, isTime: boolean): void {
    for (const [stream, group] of this.groups.entries()) {
      const { quietSince } = group;
      if (!isTime || (quietSince !== undefined && now - quietSince >= this.#options.timeout)) {
        this.#release(group, flow, now, undefined, stream);
      } else if (quietSince === undefined) this.groups.set(stream, { ...group, quietSince: now }, now);
    }
  }

  #open(event: Event, line: string, flow: StepFlow, now: number): void {
    const { stream, position } = flow;
    const hold = flow.hold();
    const group = { hold, event, text: line, previous: line, lines: 1, last: position, quietSince: undefined };
    this.groups.set(stream, group, now);
    if (this.#closes(line)) this.#release(group, flow, now);
  }

  #join(group: Group, line: string, flow: StepFlow, now: number): null {
    flow.join();
    const { text, lines } = group;
    const longer = { ...group, text: `${text}\n${line}`, previous: line, lines: lines + 1, last: flow.position };
    const next = { ...longer, quietSince: undefined };
    this.groups.set(flow.stream, next, now);
    if (this.#closes(line)) this.#release(next, flow, now);
    return null;
  }

  #isFull({ text, lines }: Group, line: string): boolean {
    const { max_lines: maxLines, max_bytes: maxBytes } = this.#options;
    if (lines >= maxLines) return true;
    // Most are far from the limit, and counting bytes costs.
    if ((text.length + line.length) * 3 < maxBytes) return false;
    return Buffer.byteLength(text) + Buffer.byteLength(line) + 1 > maxBytes;
  }

  #release(group: Group, flow: StepFlow, now: number, tag?: string, stream = flow.stream): void {
    const { hold, event, text, lines, last } = group;
    this.groups.delete(stream);
    // The event at hand may have to be put back, when the batch is run again: what follows changes a copy.
    const whole: Event = { ...event, message: text };
    if (tag !== undefined) addTag(whole, tag);
    const remember = () => {
      if (lines > 1 && !Number.isNaN(last)) this.joined.set(stream, last + 1, now + KEEP_MS);
    };
    flow.release(hold, whole, remember);
  }
}
