import type { Screen, Step, StepDefinition } from "@sluice/core";
import { ORDINARY } from "@sluice/literals";
import { configured } from "./configured.ts";
import { slowRules } from "./custom.ts";
import { EventSanitizer } from "./event-sanitizer.ts";
import { type SanitizeOptions, sanitizeOptions } from "./options.ts";
import { createSanitizer, type Sanitizer } from "./sanitizer.ts";
import { createScreen } from "./screen.ts";

/** Milliseconds for an event on which some step hung: whoever watches the program has little patience left. */
const SKIPPED_BUDGET = 20;

/** What keywords do in ordinary lines has to be seen before there are gates for them. */
const ROUNDS = 3;

function warmUp(screen: Screen, sanitizer: Sanitizer): void {
  const lines = new TextEncoder().encode(ORDINARY);
  for (let round = 0; round < ROUNDS; round++) screen.suspects(lines);
  sanitizer.text(ORDINARY);
}

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
  const finder = createSanitizer(sanitizer);
  const events = new EventSanitizer(finder, secretFields);
  return {
    apply: (event, run) => events.apply(event, run, budget),
    // It may have been one of the file's own patterns that hung; those of the rules cannot.
    skipped: (event, run) =>
      own.length > 0 ? events.withhold(event) : events.apply(event, run, Math.min(budget, SKIPPED_BUDGET)),
    screen: () => {
      const screen = createScreen(sanitizer);
      return screen && { suspects: (data) => screen.suspects(data), warmUp: () => warmUp(screen, finder) };
    },
    diagnose: () => slowRules(own),
  };
}
