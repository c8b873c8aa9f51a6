import { z } from "zod";
import { parseDuration, parseRate, parseSize } from "./units.ts";

// zod types for options with units, shared by all components. Their output is a plain number.

function withUnit(parse: (text: string) => number, pattern: string, examples: string[]) {
  return z
    .string()
    .transform((text, ctx) => {
      try {
        return parse(text);
      } catch (error) {
        ctx.addIssue({ code: "custom", message: hinted(error) });
        return z.NEVER;
      }
    })
    .meta({ type: "string", pattern, examples });
}

function hinted(error: unknown): string {
  const { message, hint } = error as { message: string; hint?: string };
  return hint ? `${message}: ${hint}` : message;
}

/** Bytes, written `64KiB`. */
export const size = () => withUnit(parseSize, "^\\d+(\\.\\d+)?\\s*[KMGTkmgt]?i?[Bb]$", ["64KiB", "10MB"]);
/** Milliseconds, written `500ms` or `5m`. */
export const duration = () => withUnit(parseDuration, "^(\\d+(\\.\\d+)?(ms|s|m|h|d|w))+$", ["500ms", "5m"]);
/** Events a second, written `100/s`. */
export const rate = () => withUnit(parseRate, "^\\d+(\\.\\d+)?\\s*/\\s*(s|m|h)$", ["100/s"]);
