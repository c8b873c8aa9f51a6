import { caseInsensitive, multiFolds } from "./folding.ts";
import { posixSet, propertySet } from "./properties.ts";
import { type Modes, type Reader, readCharacterEscape } from "./reader.ts";
import { type CodeSet, OnigmoSyntaxError } from "./syntax.ts";

/** A class, and what it matches beyond single characters (case folding of `ß` in `(?i)[ß]`). */
export interface CharacterClass {
  readonly test: CodeSet;
  readonly strings: readonly string[];
}

interface Parts {
  readonly literals: (readonly [from: number, to: number])[];
  readonly sets: CodeSet[];
}

/** Reads a bracket class, the reader being behind its `[`. */
export function readClass(reader: Reader, modes: Modes, depth = 0): CharacterClass {
  if (depth > 200) throw new OnigmoSyntaxError("character classes are nested too deeply");
  const negate = reader.take("^");
  const segments: Parts[] = [{ literals: [], sets: [] }];
  let first = true;
  for (;;) {
    const parts = segments.at(-1)!;
    if (reader.looksAt("]") && !first) break;
    if (reader.take("&&")) segments.push({ literals: [], sets: [] });
    else readMember(reader, modes, parts, depth);
    first = false;
  }
  reader.next();
  const tests = segments.map((parts) => segmentTest(parts, modes));
  const test: CodeSet = tests.length === 1 ? tests[0]! : (code) => tests.every((one) => one(code));
  const strings = negate || segments.length > 1 || !modes.ignoreCase ? [] : foldedStrings(segments[0]!);
  return { test: negate ? (code) => !test(code) : test, strings };
}

function segmentTest({ literals, sets }: Parts, modes: Modes): CodeSet {
  const inLiterals: CodeSet = (code) => literals.some(([from, to]) => code >= from && code <= to);
  const inSets: CodeSet = (code) => sets.some((set) => set(code));
  if (!modes.ignoreCase) return (code) => inLiterals(code) || inSets(code);
  const literal = caseInsensitive(inLiterals, true);
  const set = caseInsensitive(inSets, false);
  return (code) => literal(code) || set(code);
}

function foldedStrings({ literals }: Parts): string[] {
  const single = literals.filter(([from, to]) => from === to && from >= 0x80);
  return single.flatMap(([code]) => multiFolds().get(code) ?? []);
}

function readMember(reader: Reader, modes: Modes, parts: Parts, depth: number): void {
  const named = readPosix(reader, modes);
  if (named) return void parts.sets.push(named);
  if (reader.looksAt("[") && !isLiteralBracket(reader)) {
    reader.next();
    return void parts.sets.push(readClass(reader, modes, depth + 1).test);
  }
  const low = readAtom(reader, modes);
  if (typeof low !== "number") return void parts.sets.push(low);
  const isRange =
    reader.looksAt("-") && reader.peek(1) !== "]" && reader.peek(1) !== undefined && !reader.looksAt("-&&");
  if (!isRange) return void parts.literals.push([low, low]);
  const back = reader.at;
  reader.next();
  const high = reader.looksAt("[") ? null : readAtom(reader, modes);
  if (typeof high !== "number") {
    reader.at = back;
    return void parts.literals.push([low, low]);
  }
  if (high < low) throw new OnigmoSyntaxError("empty range in a character class");
  parts.literals.push([low, high]);
}

/** A character, or the set of a shorthand. */
function readAtom(reader: Reader, modes: Modes): number | CodeSet {
  const char = reader.next();
  if (char !== "\\") return char.codePointAt(0)!;
  const set = readShorthand(reader, modes);
  if (set) return set;
  if (reader.take("b")) return 8;
  return readCharacterEscape(reader) ?? reader.next().codePointAt(0)!;
}

/** `\w \d \s \h \p{…}` and their opposites, the reader being behind the backslash. */
export function readShorthand(reader: Reader, modes: Modes): CodeSet | undefined {
  const char = reader.peek();
  const name = { w: "word", d: "digit", s: "space", h: "xdigit" }[char?.toLowerCase() ?? ""];
  if (name !== undefined) {
    reader.next();
    const set = posixSet(name, modes.charset !== "u")!;
    return char === char!.toLowerCase() ? set : (code) => !set(code);
  }
  const property = reader.match(/[pP]\{(\^?)([^{}]*)\}/y);
  if (!property) return undefined;
  const set = propertySet(property[2]!);
  if (!set) throw new OnigmoSyntaxError(`unknown property \\p{${property[2]}}`);
  const negate = (property[1] === "^") !== (char === "P");
  return negate ? (code) => !set(code) : set;
}

function readPosix(reader: Reader, modes: Modes): CodeSet | undefined {
  const back = reader.at;
  const found = reader.match(/\[:(\^?)([a-z]+):\]/y);
  const set = found && posixSet(found[2]!, modes.charset === "a");
  if (!set) {
    reader.at = back;
    return undefined;
  }
  return found[1] === "^" ? (code) => !set(code) : set;
}

/** `[:` that opens no POSIX bracket is two characters, as long as a `:]` comes later. */
function isLiteralBracket(reader: Reader): boolean {
  if (!reader.looksAt("[:")) return false;
  for (let at = reader.at + 2; at + 1 < reader.chars.length; at++) {
    if (reader.chars[at] === "\\") at++;
    else if (reader.chars[at] === ":" && reader.chars[at + 1] === "]") return true;
  }
  return false;
}
