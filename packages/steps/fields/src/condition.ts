import { type Event, errorText, type StepDefinition } from "@sluice/core";
import { compileExpression, namedTexts, slowPatterns } from "@sluice/expression";
import { z } from "zod";
import { linesWith } from "./line-screen.ts";

/** A zod type for CEL text, so that a mistake in it is reported at its place in the pipeline file. */
export function expressionText(compile: (source: string) => unknown) {
  return z.string().superRefine((source, ctx) => {
    try {
      compile(source);
    } catch (error) {
      const hint = (error as { hint?: string }).hint;
      ctx.addIssue({ code: "custom", message: hint ? `${errorText(error)}: ${hint}` : errorText(error) });
    }
  });
}

function conditionStep(
  type: string,
  summary: string,
  describe: string,
  keeps: (holds: boolean) => boolean,
): StepDefinition<string> {
  return {
    kind: "step",
    type,
    summary,
    options: expressionText(compileExpression).describe(describe),
    spread: "any",
    again: true,
    create(source) {
      const holds = compileExpression(source);
      const apply = (event: Event) => (keeps(holds(event)) ? event : null);
      // Where the condition names what a line must contain to be dropped, all other lines need not become events.
      const texts = keeps(false) ? namedTexts(source) : null;
      const diagnose = () => slowPatterns(source);
      return { apply, reason: type, diagnose, ...(texts && { screen: () => linesWith(texts) }) };
    },
  };
}

/** `keep`: drops every event for which the expression does not hold. */
export const keepStep = conditionStep(
  "keep",
  "Keeps the events for which an expression holds, drops all others",
  'CEL over the event\'s fields, e.g. `log.level == "error"`',
  (holds) => holds,
);

/** `drop`: drops every event for which the expression holds. */
export const dropStep = conditionStep(
  "drop",
  "Drops the events for which an expression holds",
  'CEL over the event\'s fields, e.g. `url.path == "/healthz"`',
  (holds) => !holds,
);
