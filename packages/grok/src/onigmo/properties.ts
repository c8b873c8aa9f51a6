import { OnigUnicodePropertyMap } from "oniguruma-parser/unicode";
import type { CodeSet } from "./syntax.ts";

// POSIX brackets and the properties of the same names, as Ruby defines them.
const POSIX: Record<string, readonly [unicode: string, ascii: string]> = {
  alnum: ["\\p{Alphabetic}\\p{Nd}", "0-9A-Za-z"],
  alpha: ["\\p{Alphabetic}", "A-Za-z"],
  ascii: ["\\x00-\\x7f", "\\x00-\\x7f"],
  blank: ["\\t\\p{Zs}", "\\t "],
  cntrl: ["\\p{Cc}", "\\x00-\\x1f\\x7f"],
  digit: ["\\p{Nd}", "0-9"],
  graph: ["[^\\p{White_Space}\\p{Cc}\\p{Cs}\\p{Cn}]", "!-~"],
  lower: ["\\p{Lowercase}", "a-z"],
  print: ["[^\\p{Cc}\\p{Cs}\\p{Cn}]", " -~"],
  punct: ["\\p{P}$+<=>^`|~", "!-\\/:-@\\[-`\\{-~"],
  space: ["\\p{White_Space}", "\\t-\\r "],
  upper: ["\\p{Uppercase}", "A-Z"],
  xdigit: ["0-9A-Fa-f", "0-9A-Fa-f"],
  word: ["\\p{L}\\p{M}\\p{N}\\p{Pc}", "0-9A-Za-z_"],
};

/** A POSIX bracket by name, or undefined when there is none of that name. */
export function posixSet(name: string, ascii: boolean): CodeSet | undefined {
  const found = Object.hasOwn(POSIX, name) ? POSIX[name]![ascii ? 1 : 0] : undefined;
  return found === undefined ? undefined : classSet(found);
}

/** A property by any of the names that Onigmo takes, or undefined. */
export function propertySet(name: string): CodeSet | undefined {
  const slug = name.replace(/[\s_-]/g, "").toLowerCase();
  if (slug === "any") return () => true;
  if (Object.hasOwn(POSIX, slug)) return posixSet(slug, false);
  const proper = OnigUnicodePropertyMap.get(slug) ?? name;
  for (const form of [proper, `sc=${proper}`]) {
    try {
      return classSet(`\\p{${form}}`);
    } catch {
      // No such property in this form.
    }
  }
  return undefined;
}

const known = new Map<string, CodeSet>();

function classSet(members: string): CodeSet {
  let set = known.get(members);
  if (!set) known.set(members, (set = remembering(new RegExp(`^[${members}]$`, "v"))));
  return set;
}

function remembering(expression: RegExp): CodeSet {
  const answers = new Map<number, boolean>();
  return (code) => {
    let answer = answers.get(code);
    if (answer === undefined) {
      answer = expression.test(String.fromCodePoint(code));
      if (answers.size < 4096) answers.set(code, answer);
    }
    return answer;
  };
}
