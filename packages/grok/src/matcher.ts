import { type Fidelity, judge } from "./onigmo/fidelity.ts";
import { matchAt, type Offsets, search } from "./onigmo/machine.ts";
import { spellOutOptionals } from "./onigmo/optionals.ts";
import { parse } from "./onigmo/parser.ts";
import { compileProgram } from "./onigmo/program.ts";
import type { Expression } from "./onigmo/syntax.ts";
import { type Translation, translate } from "./translate.ts";

/** Texts of the wanted groups, undefined where one took no part; null without a match. */
type Texts = readonly (string | undefined)[] | null;

/** Finds the first match of an Oniguruma expression as Ruby would. */
export interface Matcher {
  readonly exec: (text: string) => Texts;
  /** What does the work on nearly all text; null when JavaScript has no such expression. */
  readonly regexp: RegExp | null;
}

const BEYOND_ASCII = /[^\0-\x7f]/;

/**
 * Compiles for the given groups, numbered from 1. Throws OnigmoSyntaxError. The translation for V8 takes a hundred times
 * as long as reading the expression, so it waits until a text or somebody asks for it: plans only need the source.
 */
export function createMatcher(source: string, wanted: readonly number[]): Matcher {
  const expression = parse(source);
  const matcher = lazily(() => translatedMatcher(source, expression, wanted));
  return {
    exec: (text) => matcher().exec(text),
    get regexp() {
      return matcher().regexp;
    },
  };
}

function translatedMatcher(source: string, expression: Expression, wanted: readonly number[]): Matcher {
  const fidelity = judge(expression);
  const machine = lazily(() => compileProgram(expression));
  const slow = (text: string): Texts => textsOf(search(machine(), text), text, wanted);
  const translation = fidelity.differs ? null : translate(spellOutOptionals(source, expression));
  if (!translation || translation.groupIndex.length !== expression.groups) return { exec: slow, regexp: null };
  const { regexp } = translation;
  const indexes = wanted.map((group) => translation.groupIndex[group - 1]!);
  const unsure = wanted.some((group) => fidelity.emptyTurnGroups.has(group));
  const forgetful = forgottenGroups(fidelity, translation, wanted);
  const quick = (text: string): Texts => {
    const found = attempt(regexp, text);
    if (found === undefined) return slow(text);
    if (found === null) return null;
    if (unsure || forgetful.some((index) => found[index] === undefined)) {
      return textsOf(matchAt(machine(), text, found.index), text, wanted);
    }
    return pick(found, indexes);
  };
  const exec = fidelity.ignoreCase ? (text: string) => (BEYOND_ASCII.test(text) ? slow(text) : quick(text)) : quick;
  return { exec, regexp };
}

/** Undefined when V8 gives up: it finds at first use only that an expression is too large, or its stack too small. */
function attempt(regexp: RegExp, text: string): RegExpExecArray | null | undefined {
  try {
    return regexp.exec(text);
  } catch {
    return undefined;
  }
}

function pick(found: RegExpExecArray, indexes: readonly number[]): (string | undefined)[] {
  const texts: (string | undefined)[] = [];
  for (let i = 0; i < indexes.length; i++) texts.push(found[indexes[i]!]);
  return texts;
}

/** Indexes of wanted groups that JavaScript may have forgotten in a later turn of a repetition. */
function forgottenGroups(fidelity: Fidelity, translation: Translation, wanted: readonly number[]): number[] {
  return wanted
    .filter((group) => fidelity.repeatedGroups.has(group))
    .map((group) => translation.groupIndex[group - 1]!);
}

function textsOf(offsets: Offsets | null, text: string, wanted: readonly number[]): Texts {
  if (!offsets) return null;
  return wanted.map((group) => {
    const start = offsets[2 * group]!;
    return start < 0 ? undefined : text.slice(start, offsets[2 * group + 1]);
  });
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
