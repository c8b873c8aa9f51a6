import type { Rule } from "./rule.ts";

/** The numbers of the rules by keyword, in lower case. */
export function byKeyword(rules: readonly Rule[]): Map<string, number[]> {
  return groupBy(rules, ({ keywords }) => keywords.map((keyword) => keyword.toLowerCase()));
}

/** The numbers of the rules by a property of which a rule may have several. */
export function groupBy<K>(rules: readonly Rule[], keysOf: (rule: Rule) => readonly K[]): Map<K, number[]> {
  const groups = new Map<K, number[]>();
  // As a callback, since V8 optimizes a long loop while it runs, which takes longer than this one.
  rules.forEach((rule, order) => {
    for (const key of new Set(keysOf(rule))) {
      const group = groups.get(key);
      if (group) group.push(order);
      else groups.set(key, [order]);
    }
  });
  return groups;
}
