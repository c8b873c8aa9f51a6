import type { StepDefinition } from "@sluice/core";
import { compileExpression } from "@sluice/expression";
import { z } from "zod";
import { keyFields, listOf } from "./key.ts";

const oneIn = z.int().min(1);
const detailed = z
  .strictObject({
    one_in: oneIn.optional().describe("Keeps one event, or one key, of so many"),
    rate: z.number().gt(0).max(1).optional().describe("The same as a share: 0.1 keeps one of ten"),
    key: keyFields
      .optional()
      .describe(
        "Events with the same values of these fields are all kept or all dropped; each on its own unless given",
      ),
    except: z.string().optional().describe("CEL; events for which it holds are always kept"),
  })
  .refine((value) => (value.one_in === undefined) !== (value.rate === undefined), {
    message: "give one_in or rate, not both",
  });
const options = z.union([oneIn, detailed]).describe("`10` keeps one event of ten");

type SampleOptions = z.output<typeof options>;

/** `sample`: keeps a share of the events. Which ones depends on their ids only, so that it is the same when read again. */
export const sampleStep: StepDefinition<SampleOptions> = {
  kind: "step",
  type: "sample",
  summary: "Keeps one of so many events, the same ones whenever they are read",
  options,
  spread: "any",
  again: true,
  longForm: (written) => (typeof written === "number" ? { one_in: written } : {}),
  create(written) {
    const { one_in: n, rate, key, except } = typeof written === "number" ? { one_in: written } : written;
    const share = rate ?? 1 / (n as number);
    const fields = listOf(key);
    const isExempt = except === undefined ? () => false : compileExpression(except);
    return {
      reason: "sample",
      apply(event) {
        if (isExempt(event)) return event;
        const text = key === undefined ? (event["event.id"] ?? event["message"]) : fields.map((name) => event[name]);
        return place(typeof text === "string" ? text : JSON.stringify(text ?? null)) < share ? event : null;
      },
    };
  },
};

/** Where a text lies between 0 and 1: FNV-1a, its bits mixed, because ids differ in few of them. */
function place(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
