import { duration } from "@sluice/core";
import { z } from "zod";
import { ACTIONS } from "./action.ts";

const action = z.enum(ACTIONS);
const name = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "a rule's name is lower case, words joined by hyphens");

const custom = z.strictObject({
  name: name.describe("Appears in the replacement: `[redacted:name]`"),
  pattern: z
    .string()
    .min(1)
    .describe("JavaScript regular expression; a group `(?<secret>…)` is what is replaced, otherwise all of the match"),
  keywords: z
    .array(z.string().regex(/^[\x21-\x7e]{3,}$/, "a keyword is at least three ASCII characters without spaces"))
    .default([])
    .describe("Words of which every match contains one, in any case; without them the pattern runs over every text"),
  ignore_case: z.boolean().default(false).describe("Whether the pattern takes capital and small letters as the same"),
  reach: z
    .strictObject({
      before: z.int().min(0).max(4096).describe("Characters before"),
      after: z.int().min(1).max(65_536).describe("Characters behind"),
    })
    .optional()
    .describe("How many characters of a match lie before and after a keyword; 96 and 512 when not given"),
});

function namesDiffer(rules: readonly { readonly name: string }[], ctx: z.core.$RefinementCtx): void {
  for (const [i, { name: given }] of rules.entries()) {
    const isTaken = rules.findIndex((rule) => rule.name === given) < i;
    if (isTaken) ctx.addIssue({ code: "custom", path: [i, "name"], message: "two rules have this name", input: given });
  }
}

const detailed = z.strictObject({
  rules: z
    .array(z.string().min(1))
    .default(["default"])
    .describe("Rules, by name or by set: `default`, `secrets`, `pii`, `all`"),
  exclude: z.array(z.string().min(1)).default([]).describe("Rules and sets to leave out of these"),
  action: action.default("redact").describe("What becomes of what is found"),
  actions: z.record(z.string(), action).default({}).describe("The same for single rules and sets"),
  custom: z.array(custom).superRefine(namesDiffer).default([]).describe("Rules of your own"),
  allow: z
    .array(z.string().min(1))
    .default([])
    .describe("What is no secret: literals, or patterns written `/…/` or `/…/i`"),
  hash_key: z.string().min(1).optional().describe("Key for the action `hash`, e.g. `${file:/run/secrets/hash_key}`"),
  budget: duration()
    .prefault("50ms")
    .describe(
      "CPU time that one event may take, and as much again for each 50 KiB of it; what is not checked by then is withheld",
    ),
});

/** `sanitize: default`, `sanitize: off`, or an object that says how. */
export const sanitizeOptions = z
  .union([
    z.enum(["default", "secrets", "pii", "all"]).describe("A set of rules"),
    z.literal("off").describe("Lets everything pass as it is"),
    detailed,
  ])
  .describe("Which secrets to take out of events, and how");

export type SanitizeOptions = z.output<typeof sanitizeOptions>;
export type DetailedOptions = z.output<typeof detailed>;
export type CustomRule = z.output<typeof custom>;
