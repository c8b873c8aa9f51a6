import { errorText, SluiceError } from "@sluice/core";
import type { CustomRule } from "./options.ts";
import type { Rule } from "./rule.ts";

const CHECK_MS = 4000;

/** A rule of the pipeline file. Throws SluiceError when its pattern is none or its name is taken. */
export function customRule(options: CustomRule, taken: ReadonlySet<string>): Rule {
  const { name, pattern, keywords, ignore_case: ignoreCase, reach } = options;
  if (taken.has(name)) {
    throw new SluiceError("SLUICE_CONFIG", `there is already a rule or set \`${name}\``, {
      written: name,
      hint: "give your rule another name; `exclude` leaves the other one out",
    });
  }
  checkPattern(name, pattern);
  const rule = { name, title: name, sets: [], keywords, pattern, ignoreCase, positive: [], negative: [] };
  return reach === undefined ? rule : { ...rule, reach };
}

function checkPattern(name: string, pattern: string): void {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch (error) {
    throw new SluiceError("SLUICE_CONFIG", `rule \`${name}\`: ${errorText(error)}`, { written: pattern });
  }
  if (!expression.test("")) return;
  throw new SluiceError("SLUICE_CONFIG", `rule \`${name}\`: the pattern also matches nothing at all`, {
    written: pattern,
    hint: "let it match at least one character",
  });
}

/** Warnings about patterns that take exponential time on some texts. */
export async function slowRules(rules: readonly Rule[]): Promise<string[]> {
  if (rules.length === 0) return [];
  // Loaded here because it is large and only validation needs it.
  const { check } = await import("recheck");
  const warnings: string[] = [];
  for (const { name, pattern, ignoreCase } of rules) {
    const result = await check(pattern, ignoreCase ? "i" : "", { timeout: CHECK_MS });
    if (result.status !== "vulnerable" || result.complexity.type !== "exponential") continue;
    const on = `for example on ${result.attack.pattern}`;
    warnings.push(`rule \`${name}\`: ${pattern} can take exponential time, ${on}; text on which it does is withheld`);
  }
  return warnings;
}
