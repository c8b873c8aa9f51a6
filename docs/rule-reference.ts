import type { Rule } from "../packages/steps/sanitize/src/index.ts";
import { code } from "./markdown.ts";

const EXAMPLE_LENGTH = 100;
/** Characters kept on each side of a secret where an example is too long to be shown whole. */
const AROUND = 20;

/** The page about the sanitizer's rules. */
export function ruleReference(rules: readonly Rule[]): string {
  const isPersonal = ({ sets }: Rule): boolean => sets.includes("pii");
  const inDefault = rules.filter(({ sets }) => sets.includes("default")).length;
  return `# Rules of the sanitizer

${rules.length} rules, ${inDefault} of them in the set \`default\`; \`all\` is every rule. ⟦…⟧ encloses what is replaced. Where two rules find the same
text, the one further up gives the name. [sanitizer.md](../sanitizer.md) tells how to choose among them.

## Secrets

${table(rules.filter((rule) => !isPersonal(rule)))}
## Personal data

${table(rules.filter(isPersonal))}`;
}

function table(rules: readonly Rule[]): string {
  const rows = rules.map(
    (rule) => `| \`${rule.name}\` | ${cell(rule.title)} | ${rule.sets.join(", ")} | ${code(exampleOf(rule))} |\n`,
  );
  return `| rule | finds | sets | example |\n|---|---|---|---|\n${rows.join("")}`;
}

/** The shortest one of a line, or the start of a longer one. */
function exampleOf({ positive }: Rule): string {
  const ofOneLine = positive.filter((text) => !text.includes("\n")).toSorted((a, b) => a.length - b.length);
  const text = (ofOneLine[0] ?? positive[0] ?? "").replaceAll("\n", "\u23ce");
  if (text.length <= EXAMPLE_LENGTH) return text;
  const start = Math.max(0, text.indexOf("⟦") - AROUND);
  return `${start > 0 ? "…" : ""}${text.slice(start, start + EXAMPLE_LENGTH)}…`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
