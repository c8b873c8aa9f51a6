import type { CaptureType } from "./groups.ts";

/**
 * A capture's value as Logstash converts it (Ruby's `to_i` and `to_f`): the number at the start of the text, 0 without
 * one. What a double cannot hold (integers beyond 2^53, infinity) stays text.
 */
export function coerce(text: string, type: Exclude<CaptureType, "string">): string | number {
  if (type === "int") {
    const digits = (/^\s*([+-]?\d+(?:_\d+)*)/.exec(text)?.[1] ?? "0").replaceAll("_", "");
    const value = Number(digits);
    return Number.isSafeInteger(value) ? value + 0 : BigInt(digits.replace("+", "")).toString();
  }
  const digits = /^\s*([+-]?(?:\d+(?:_\d+)*)?(?:\.\d+(?:_\d+)*)?(?:e[+-]?\d+)?)/i.exec(text)?.[1] ?? "";
  const value = Number.parseFloat(digits.replaceAll("_", ""));
  if (Number.isNaN(value)) return 0;
  return Number.isFinite(value) ? value : text;
}
