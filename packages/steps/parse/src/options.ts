import { z } from "zod";
import { NAMED_PARSERS } from "./parsers/index.ts";

/** The named parsers. */
export const parserNames = NAMED_PARSERS.map((parser) => parser.name) as [string, ...string[]];

const csv = z.strictObject({
  columns: z.array(z.string().min(1)).min(1).describe("Field of each column; `-` skips one"),
  separator: z.string().length(1).default(",").describe("Character between columns"),
  quote: z.string().length(1).default('"').describe("Character around values that hold the separator; doubled inside"),
});

const KINDS = ["parser", "grok", "regex", "json", "logfmt", "csv", "syslog"] as const;

const detailed = z
  .strictObject({
    parser: z.enum(parserNames).optional().describe("A named parser, to give it options"),
    grok: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe("Grok pattern, or a list of which the first match wins"),
    regex: z.string().min(1).optional().describe("Regular expression (Oniguruma) whose named groups become fields"),
    json: z.literal(true).optional().describe("One JSON object a record"),
    logfmt: z.literal(true).optional().describe("`key=value` pairs"),
    csv: csv.optional().describe("Separated values"),
    syslog: z.literal(true).optional().describe("Syslog after RFC 3164 or RFC 5424"),
    field: z.string().min(1).default("message").describe("Field whose text is parsed"),
    target: z.string().min(1).optional().describe("Prefix for the fields that are set, e.g. `app` for `app.status`"),
    timezone: z
      .string()
      .min(1)
      .optional()
      .describe("Zone of times that carry none: `UTC`, `local` (the default), `+02:00` or `Europe/Berlin`"),
    patterns: z
      .record(z.string().regex(/^[A-Za-z0-9_]+$/), z.string())
      .default({})
      .describe("Further grok patterns by name; they go before the built-in ones"),
    overwrite: z
      .union([z.string(), z.array(z.string())])
      .default([])
      .describe("Fields that a grok capture replaces; others that exist already become lists"),
  })
  .refine((options) => KINDS.filter((kind) => options[kind] !== undefined).length === 1, {
    error: `name exactly one of ${KINDS.join(", ")}`,
  });

/** `parse: nginx`, or an object that says how and with which options. */
export const parseOptions = z
  .union([z.enum(parserNames).describe("A named parser"), detailed])
  .describe("How to read fields out of the line");

export type ParseOptions = z.output<typeof parseOptions>;
export type DetailedOptions = z.output<typeof detailed>;
