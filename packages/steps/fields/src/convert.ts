import { addTag, type StepDefinition, setField, type Value } from "@sluice/core";
import { z } from "zod";

const TYPES = ["int", "float", "boolean", "string"] as const;
type Type = (typeof TYPES)[number];

const options = z
  .record(z.string().min(1), z.enum(TYPES))
  .describe(
    "Field → type. Integers lose their fraction, or stay exact text beyond 2^53; booleans are read from true/false, " +
      "yes/no, on/off, 1/0; of a list every element is converted",
  );

type ConvertOptions = z.output<typeof options>;

const CONVERT_FAILURE = "_convert_failure";
const TRUE = /^(?:true|t|yes|y|on|1)$/i;
const FALSE = /^(?:false|f|no|n|off|0)$/i;
const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/** `convert`: changes the type of fields. A value that does not fit stays and the event gets `_convert_failure`. */
export const convertStep: StepDefinition<ConvertOptions> = {
  kind: "step",
  type: "convert",
  summary: "Converts fields to int, float, boolean or string",
  options,
  spread: "any",
  create(types) {
    const entries = Object.entries(types);
    return {
      apply(event) {
        for (const [field, type] of entries) {
          const value = Object.hasOwn(event, field) ? event[field] : undefined;
          if (value === undefined || value === null) continue;
          const converted = Array.isArray(value) ? convertAll(value as readonly Value[], type) : convert(value, type);
          if (converted === undefined) addTag(event, CONVERT_FAILURE);
          else setField(event, field, converted);
        }
        return event;
      },
    };
  },
};

function convertAll(values: readonly Value[], type: Type): Value[] | undefined {
  const converted = values.map((value) => convert(value, type));
  return converted.includes(undefined) ? undefined : (converted as Value[]);
}

function convert(value: Value, type: Type): Value | undefined {
  if (type === "string") return typeof value === "object" ? jsonText(value) : String(value);
  if (typeof value === "object") return undefined;
  if (type === "boolean") return toBoolean(value);
  return type === "int" ? toInt(value) : toFloat(value);
}

/** Text of a list or object; undefined when it is nested too deep to be written. */
function jsonText(value: Value): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function toBoolean(value: string | number | boolean): boolean | undefined {
  if (typeof value === "boolean") return value;
  const text = String(value).trim();
  return TRUE.test(text) ? true : FALSE.test(text) ? false : undefined;
}

function toInt(value: string | number | boolean): Value | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value)) return exactInteger(value);
  const number = toFloat(value);
  return number === undefined ? undefined : exactInteger(String(BigInt(Math.trunc(number))));
}

function exactInteger(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number + 0 : BigInt(text.trim().replace("+", "")).toString();
}

function toFloat(value: string | number | boolean): number | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  const number = typeof value === "string" ? (NUMBER.test(value) ? Number(value) : Number.NaN) : value;
  return Number.isFinite(number) ? number + 0 : undefined;
}
