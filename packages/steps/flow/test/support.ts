import type {
  Event,
  PipelineSpec,
  Program,
  ProgramOutput,
  Registry,
  SinkDefinition,
  StepDefinition,
  StepSpec,
  Tick,
} from "@sluice/core";
import { compileProgram, type Rehearsal, rehearse } from "@sluice/program";
import { z } from "zod";
import { countStep, dedupeStep, multilineStep, sampleStep, sequenceStep, throttleStep } from "../src/index.ts";

const own = [countStep, dedupeStep, multilineStep, sampleStep, sequenceStep, throttleStep] as readonly StepDefinition[];
const json = {
  kind: "sink",
  type: "json",
  options: z.any(),
  encoder: () => ({ encode: (event: Event, out: { text(t: string): void }) => out.text(`${JSON.stringify(event)}\n`) }),
} as unknown as SinkDefinition;
/** Sets fields from a line of JSON, as a parser would, and hangs or throws where it says so. */
const fields: StepDefinition = {
  kind: "step",
  type: "fields",
  summary: "",
  options: z.any(),
  spread: "any",
  create: () => ({
    apply(event) {
      const text = event["message"] as string;
      if (text.startsWith("{")) Object.assign(event, JSON.parse(text));
      if (text.includes("throw")) throw new Error("thrown on purpose");
      return event;
    },
  }),
};
const registry = {
  step: async (type: string) => [...own, fields].find((step) => step.type === type),
  sink: async () => json,
} as unknown as Registry;

const sink = {
  name: "out",
  type: "json",
  options: {},
  batch: { events: 1, bytes: 1, age: 1 },
  retry: { initial: 1, max: 1, attempts: "unlimited" },
  buffer: { type: "memory", size: 1, when_full: "block" },
} as const;

function specOf(steps: readonly StepSpec[]) {
  const pipeline: PipelineSpec = { name: "p", file: "p", baseDir: ".", sources: [], steps, sinks: [sink], tests: [] };
  return { pipeline, patterns: {}, hostname: "h", stamp: true, kernel: true };
}

export function step(type: string, options: unknown): StepSpec {
  return { type, options: options as StepSpec["options"] };
}

export function tryOut(...steps: StepSpec[]): Promise<Rehearsal> {
  return rehearse(specOf(steps), registry);
}

export function compile(...steps: StepSpec[]): Promise<Program> {
  return compileProgram(specOf(steps), registry);
}

/** A batch of lines of a stream, at a position. */
export function batch(
  program: Program,
  text: string,
  { stream = "s", base = 0, now = 0, id = 0, skip = [] as number[] } = {},
) {
  const data = new Uint8Array(Buffer.from(text));
  const framing = { kind: "lines", base } as const;
  return program.run({ stream: { id: stream, fields: {} }, data, framing, now, batch: id, skip });
}

export function tick(program: Program, why: Tick, now: number): ProgramOutput {
  const nothing = {
    stream: { id: "", fields: {} },
    data: new Uint8Array(0),
    framing: { kind: "lines", base: 0 },
  } as const;
  return program.run({ ...nothing, now, tick: why, batch: -1 });
}

export function events(output: ProgramOutput | undefined): Event[] {
  const bytes = output?.outputs[0]?.bytes;
  if (!bytes) return [];
  return Buffer.from(bytes)
    .toString()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event);
}

export const messages = (output: ProgramOutput | undefined) => events(output).map((event) => event["message"]);

/** Milliseconds of a time on 13 April 2025. */
export const at = (time: string) => Date.parse(`2025-04-13T${time}Z`);

export function event(time: string, rest: Event = {}): Event {
  return { "@timestamp": `2025-04-13T${time}.000Z`, message: "m", ...rest };
}
