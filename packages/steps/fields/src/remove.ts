import type { StepDefinition } from "@sluice/core";
import { z } from "zod";

const name = z.string().regex(/^[^*]+\*?$/, { error: "write a field name, with `*` at most at its end" });
const options = z
  .union([name, z.array(name).min(1)])
  .describe("Fields to remove; `labels.*` removes all that begin with `labels.`");

type RemoveOptions = z.output<typeof options>;

/** `remove`: takes fields out of the event. */
export const removeStep: StepDefinition<RemoveOptions> = {
  kind: "step",
  type: "remove",
  summary: "Removes fields",
  options,
  spread: "any",
  create(list) {
    const names = typeof list === "string" ? [list] : list;
    const exact = names.filter((field) => !field.endsWith("*"));
    const prefixes = names.filter((field) => field.endsWith("*")).map((field) => field.slice(0, -1));
    return {
      apply(event) {
        for (const field of exact) delete event[field];
        if (prefixes.length === 0) return event;
        for (const field of Object.keys(event)) {
          if (prefixes.some((prefix) => field.startsWith(prefix))) delete event[field];
        }
        return event;
      },
    };
  },
};
