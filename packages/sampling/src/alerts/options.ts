import { duration } from "@sluice/core";
import { z } from "zod";

/** Option `alerts` of a source that samples. */
export const alertOptions = z
  .array(
    z.strictObject({
      name: z.string().min(1).describe("Name of the alert, as `rule.name`."),
      when: z
        .string()
        .describe("Condition (CEL) over the fields of one event, e.g. `system.filesystem.used.pct > 0.9`."),
      clear_when: z
        .string()
        .optional()
        .describe(
          "Condition under which it clears, e.g. `system.filesystem.used.pct < 0.85`. Default: `when` is false.",
        ),
      for: duration().prefault("0s").describe("How long `when` must hold before the alert is raised."),
      keep_firing_for: duration()
        .optional()
        .describe(
          "How long the clearing condition must hold before the alert clears; a relapse within is counted as a flap and " +
            "sends nothing. Default: two intervals. Grows up to sixteenfold while an alert keeps coming back.",
        ),
      severity: z
        .enum(["info", "warning", "error", "critical"])
        .default("warning")
        .describe("`log.level` of the event that raises it."),
    }),
  )
  .superRefine((alerts, ctx) => {
    // What an alert remembers is kept by its name.
    for (const [i, { name }] of alerts.entries()) {
      const isTaken = alerts.findIndex((one) => one.name === name) < i;
      if (isTaken)
        ctx.addIssue({ code: "custom", path: [i, "name"], message: `there is already an alert \`${name}\`` });
    }
  });

export type AlertOptions = z.infer<typeof alertOptions>[number];
