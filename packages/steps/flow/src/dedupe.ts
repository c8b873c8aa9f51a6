import { duration, Memory, type StepDefinition } from "@sluice/core";
import { z } from "zod";
import { eventTime } from "./event-time.ts";
import { keyFields, keyOf, listOf } from "./key.ts";

const options = z.strictObject({
  key: keyFields.prefault("message").describe("Field, or list of fields, whose values make two events the same"),
  window: duration()
    .prefault("5m")
    .describe("How far apart, by their own time, two events may be to count as the same"),
  max_keys: z
    .int()
    .min(1)
    .default(100_000)
    .describe("Keys to remember; the one not seen for longest makes room, and is counted as `dedupe_evicted`"),
});

type DedupeOptions = z.output<typeof options>;

/** `dedupe`: passes the first of several same events. What it has seen survives a restart. */
export const dedupeStep: StepDefinition<DedupeOptions> = {
  kind: "step",
  type: "dedupe",
  summary: "Drops events that repeat one of the last minutes",
  options,
  spread: "single",
  again: true,
  create({ key, window, max_keys: max }) {
    const fields = listOf(key);
    const seen = new Memory<number>({ max });
    return {
      reason: "dedupe",
      memories: { seen },
      apply(event, run) {
        const time = eventTime(event, run.now);
        const name = keyOf(event, fields);
        const first = seen.get(name);
        if (first !== undefined && Math.abs(time - first) < window) return null;
        seen.set(name, time, Math.max(time, run.now) + window);
        return event;
      },
    };
  },
};
