import { SluiceError } from "@sluice/core";
import { findReference } from "@sluice/grok";
import type { DetailedOptions } from "./options.ts";

const TYPES: readonly string[] = ["int", "float"];

/**
 * Looks for what Logstash silently takes as plain text, or leaves as text: a `%{` that refers to nothing, a type that is none.
 * @throws SluiceError for a `%{` without `}`.
 */
export function checkReferences(
  { grok, patterns }: Partial<DetailedOptions>,
  warn: (message: string, written?: string) => void,
): void {
  for (const expression of [grok ?? [], Object.values(patterns ?? {})].flat()) {
    for (let at = expression.indexOf("%{"); at >= 0; at = expression.indexOf("%{", at + 2)) {
      checkAt(expression, at, warn);
    }
  }
}

function checkAt(expression: string, at: number, warn: (message: string, written?: string) => void): void {
  const found = findReference(expression, at);
  const written = expression.slice(at, found?.start === at ? found.end : at + 40);
  if (found?.start === at) {
    const type = found.name.split(":")[2];
    if (type !== undefined && !TYPES.includes(type))
      warn(`\`${written}\`: \`${type}\` is no type, so it stays text: write int or float`, expression);
    return;
  }
  if (!expression.includes("}", at)) {
    throw new SluiceError("SLUICE_PATTERN", `\`${written}\` has no closing \`}\``, {
      hint: "write %{NAME} or %{NAME:field}",
      written: expression,
    });
  }
  warn(`\`${written}\` is no reference to a pattern, and taken as plain text`, expression);
}
