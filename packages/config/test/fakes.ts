import {
  duration,
  type Registry,
  rate,
  type SinkDefinition,
  SluiceError,
  type SourceDefinition,
  type StepDefinition,
  size,
} from "@sluice/core";
import { compileExpression } from "@sluice/expression";
import { z } from "zod";

// Small components with options of every kind, in place of the real ones.

const fileOptions = z.strictObject({
  include: z.array(z.string()).min(1).describe("Globs of files to read"),
  start_at: z.enum(["beginning", "end"]).default("beginning").describe("Where a new file is read from"),
  max_line_bytes: size().prefault("1MiB").describe("Longest line"),
  poll: duration().default(5000).describe("Pause between looks"),
  follow: z.boolean().default(true).describe("Whether to go on at the end"),
  workers: z.int().min(1).max(64).optional().describe("Readers at once"),
  multiline: z
    .strictObject({
      pattern: z.string().describe("Expression that starts a record"),
      timeout: duration().optional().describe("Longest wait for the next line"),
    })
    .optional()
    .describe("Joins lines"),
});

export const fileSource: SourceDefinition<z.infer<typeof fileOptions>> = {
  kind: "source",
  type: "file",
  summary: "Reads files.",
  options: fileOptions,
  create: (options, ctx) => {
    if (!options.follow) ctx.warn(`${ctx.name} ends at the end of its files`);
    return {
      run: async () => {},
      check: async () => {
        if (options.include.includes("/absent")) {
          throw new SluiceError("SLUICE_SOURCE", "cannot read /absent", { hint: "create it" });
        }
      },
    };
  },
};

const parseOptions = z.union([
  z.string().describe("A named parser"),
  z.strictObject({
    grok: z.array(z.string()).min(1).describe("Patterns, the first that matches wins"),
    field: z.string().default("message").describe("Field to parse"),
  }),
  z.strictObject({ json: z.boolean().describe("Parse as JSON") }),
]);

export const parseStep: StepDefinition<z.infer<typeof parseOptions>> = {
  kind: "step",
  type: "parse",
  summary: "Makes fields of a line.",
  options: parseOptions,
  spread: "any",
  create: (options, ctx) => {
    const name = typeof options === "string" ? options : "grok";
    if (name !== "grok" && !(name in ctx.patterns)) {
      throw new SluiceError("SLUICE_PATTERN", `there is no parser \`${name}\``, { hint: "known: nginx" });
    }
    return { apply: (event) => event, diagnose: async () => (name === "slow" ? ["the pattern backtracks"] : []) };
  },
};

export const dropStep: StepDefinition<string> = {
  kind: "step",
  type: "drop",
  summary: "Drops events.",
  options: z.string().describe("Expression"),
  spread: "any",
  create: (source) => {
    const holds = compileExpression(source);
    return { apply: (event) => (holds(event) ? null : event) };
  },
};

export const setStep: StepDefinition = {
  kind: "step",
  type: "set",
  summary: "Sets fields.",
  options: z.record(z.string(), z.json()).describe("Values by field"),
  spread: "any",
  create: () => ({ apply: (event) => event }),
};

export const dedupeStep: StepDefinition = {
  kind: "step",
  type: "dedupe",
  summary: "Drops repeated events.",
  options: z.strictObject({ window: duration().prefault("1m").describe("How long") }),
  spread: "single",
  create: () => ({ apply: (event) => event }),
};

export const sanitizeStep: StepDefinition = {
  kind: "step",
  type: "sanitize",
  summary: "Removes secrets.",
  options: z.enum(["default", "off"]).describe("Rules"),
  spread: "any",
  create: () => ({ apply: (event) => event }),
};

const gelfOptions = z.strictObject({
  address: z
    .string()
    .regex(/^(tcp|udp):\/\//, "write tcp://host:port")
    .describe("Where Graylog listens"),
  port: z
    .union([z.int(), z.literal("auto")])
    .optional()
    .describe("A port"),
  rate: rate().optional().describe("Most events"),
  tls: z
    .strictObject({ verify: z.boolean().default(true).describe("Whether to verify certificates") })
    .optional()
    .describe("TLS"),
});

export const gelfSink: SinkDefinition<z.infer<typeof gelfOptions>> = {
  kind: "sink",
  type: "gelf",
  summary: "Sends GELF.",
  options: gelfOptions,
  encoder: () => ({ encode: () => {} }),
  create: (options, ctx) => {
    if (options.tls?.verify === false) ctx.warn("certificates are not verified");
    return {
      write: async () => {},
      check: (signal) =>
        options.address === "tcp://hangs"
          ? new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)))
          : Promise.resolve(),
    };
  },
};

const byType = <T extends { type: string }>(...definitions: T[]): Record<string, T> =>
  Object.fromEntries(definitions.map((definition) => [definition.type, definition]));

/** A registry of the given components. */
export function fakeRegistry(...extraSteps: StepDefinition[]): Registry {
  const sources = byType<SourceDefinition>(fileSource as SourceDefinition);
  const steps = byType<StepDefinition>(
    parseStep as StepDefinition,
    dropStep as StepDefinition,
    setStep,
    dedupeStep,
    ...extraSteps,
  );
  const sinks = byType<SinkDefinition>(gelfSink as SinkDefinition);
  return {
    sourceTypes: Object.keys(sources),
    stepTypes: [...Object.keys(steps), "broken"],
    sinkTypes: Object.keys(sinks),
    source: async (type) => sources[type] as SourceDefinition,
    step: async (type) => {
      if (type === "broken") throw new Error("no such module");
      return steps[type] as StepDefinition;
    },
    sink: async (type) => sinks[type] as SinkDefinition,
  };
}
