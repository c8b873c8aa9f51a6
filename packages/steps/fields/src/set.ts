import { type Event, type StepDefinition, setField, type Value } from "@sluice/core";
import { compileValue } from "@sluice/expression";
import { z } from "zod";
import { expressionText } from "./condition.ts";

const text = expressionText((source) => source.startsWith("=") && compileValue(source.slice(1)));
const scalar = z.union([text, z.number(), z.boolean(), z.null()]);
const options = z
  .record(z.string().min(1), z.union([scalar, z.array(z.union([z.string(), z.number(), z.boolean()]))]))
  .describe('Field → value. Text that begins with `=` is CEL (`=url.path + "!"`; text that really does: `="=x"`)');

type SetOptions = z.output<typeof options>;

/** `set`: constants, or values computed from the event. A value that cannot be computed leaves its field alone. */
export const setStep: StepDefinition<SetOptions> = {
  kind: "step",
  type: "set",
  summary: "Sets fields to constants or to the values of expressions",
  options,
  spread: "any",
  create(fields) {
    const constants = Object.entries(fields).filter(isConstant);
    const setters = Object.entries(fields).map(([field, value]) => setter(field, value));
    const apply = (event: Event): Event => {
      for (const set of setters) set(event);
      return event;
    };
    return constants.length === setters.length ? { apply, constants } : { apply };
  },
};

function isConstant(entry: [string, Value]): entry is [string, string | number | boolean] {
  const value = entry[1];
  return typeof value === "string" ? !value.startsWith("=") : typeof value === "number" || typeof value === "boolean";
}

function setter(field: string, value: Value): (event: Event) => void {
  if (typeof value !== "string" || !value.startsWith("=")) return (event) => setField(event, field, value);
  const compute = compileValue(value.slice(1));
  return (event) => {
    const computed = compute(event);
    if (computed !== undefined) setField(event, field, computed);
  };
}
