import { type StepDefinition, setField, type Value } from "@sluice/core";
import { z } from "zod";

const options = z
  .record(z.string().min(1), z.string().min(1))
  .describe("Old name → new name; an event without the field stays as it is, a field of the new name is replaced");

type RenameOptions = z.output<typeof options>;

/** `rename`: gives fields other names. All are taken away before the first is set, so that two can change places. */
export const renameStep: StepDefinition<RenameOptions> = {
  kind: "step",
  type: "rename",
  summary: "Renames fields",
  options,
  spread: "any",
  create(names) {
    const pairs = Object.entries(names);
    return {
      apply(event) {
        const moved: [string, Value][] = [];
        for (const [from, to] of pairs) {
          if (!Object.hasOwn(event, from)) continue;
          moved.push([to, event[from] as Value]);
          delete event[from];
        }
        for (const [to, value] of moved) setField(event, to, value);
        return event;
      },
    };
  },
};
