import type { Step, StepDefinition } from "@sluice/core";
import { configured } from "./configured.ts";
import { slowRules } from "./custom.ts";
import { EventSanitizer } from "./event-sanitizer.ts";
import { type SanitizeOptions, sanitizeOptions } from "./options.ts";
import { createSanitizer } from "./sanitizer.ts";
import { createScreen } from "./screen.ts";

/** Milliseconds for an event on which some step hung: whoever watches the program has little patience left. */
const SKIPPED_BUDGET = 20;

/** `sanitize`: takes secrets and personal data out of events. The implicit last step of every pipeline. */
export const sanitizeStep: StepDefinition<SanitizeOptions> = {
  kind: "step",
  type: "sanitize",
  summary: "Takes secrets and personal data out of events, wherever they stand in them",
  options: sanitizeOptions,
  spread: "any",
  longForm: (options) => (typeof options === "string" && options !== "off" ? { rules: [options] } : {}),
  create: (options) => (options === "off" ? { apply: (event) => event, constants: [] } : createStep(options)),
};

function createStep(options: Exclude<SanitizeOptions, "off">): Step {
  const { sanitizer, own, secretFields, budget } = configured(options);
  const events = new EventSanitizer(createSanitizer(sanitizer), secretFields);
  return {
    apply: (event, run) => events.apply(event, run, budget),
    // It may have been one of the file's own patterns that hung; those of the rules cannot.
    skipped: (event, run) =>
      own.length > 0 ? events.withhold(event) : events.apply(event, run, Math.min(budget, SKIPPED_BUDGET)),
    screen: () => createScreen(sanitizer),
    diagnose: () => slowRules(own),
  };
}
