import { toRegExpDetails } from "oniguruma-to-es";
import { writeOutClasses } from "./dialect.ts";
import type { PatternPlace } from "./errors.ts";
import type { Grok } from "./grok.ts";
import { parse } from "./onigmo/parser.ts";
import { childrenOf, type Node, type Repeat } from "./onigmo/syntax.ts";

/** A part of an expression that takes exponential time on some text. */
export interface SlowPart {
  /** The repetition at fault, as it stands in `expandedSource`. */
  readonly source: string;
  /** Where it stands in `expandedSource`, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** A text that shows it, shortened, e.g. `'a'.repeat(31) + '\x00'`. */
  readonly attack: string;
  /** Innermost pattern that it was written in; undefined when that is the expression itself. */
  readonly pattern?: string;
  readonly place: PatternPlace;
}

const TIMEOUT_MS = 4000;
/** From this many turns on a repetition counts as unbounded. */
const MANY = 10;

/**
 * Looks for exponential backtracking. Null when there is none, or when it cannot be told within some seconds: recheck
 * cannot decide for every expression.
 */
export async function findSlowPart(grok: Grok): Promise<SlowPart | null> {
  const suspects: Repeat[] = [];
  collect(parse(grok.expandedSource).root, suspects);
  if (suspects.length === 0) return null;
  const seen = new Map<string, string | null>();
  let whole: Promise<boolean> | undefined;
  for (const { start, end } of suspects.toSorted((a, b) => a.end - a.start - (b.end - b.start))) {
    const source = grok.expandedSource.slice(start, end);
    if (!seen.has(source)) seen.set(source, await attackOn(`\\A(?:${source})\\z`));
    const attack = seen.get(source);
    // On its own it is slow; what stands around it may still keep it from being tried again.
    if (!attack) continue;
    whole ??= isSafe(grok.expandedSource);
    if (await whole) return null;
    const origin = grok.origins.find((span) => span.start <= start && end <= span.end)?.definition;
    const place = origin?.place ?? grok.place;
    return { source, start, end, attack, place, ...(origin ? { pattern: origin.name } : {}) };
  }
  return null;
}

/** Repetitions whose body can match one text in several ways: only those can be exponential. */
function collect(node: Node, suspects: Repeat[], lastOfAtomic = false): void {
  if (node.type === "repeat" && node.max >= MANY && !lastOfAtomic && varies(node.body)) suspects.push(node);
  for (const child of childrenOf(node)) {
    const isLast = node.type === "atomic" || (lastOfAtomic && node.type === "capture");
    collect(child, suspects, isLast);
  }
}

function varies(node: Node): boolean {
  if (node.type === "choice" || node.type === "condition" || node.type === "call" || node.type === "absent")
    return true;
  if (node.type === "repeat" && node.min !== node.max) return true;
  return node.type !== "atomic" && node.type !== "look" && childrenOf(node).some(varies);
}

async function attackOn(source: string): Promise<string | null> {
  const result = await recheck(source);
  return result?.status === "vulnerable" && result.complexity.type === "exponential" ? result.attack.pattern : null;
}

/** Only its automaton proves anything; that its fuzzer found nothing does not. */
async function isSafe(source: string): Promise<boolean> {
  const result = await recheck(source);
  return result?.status === "safe" && result.checker === "automaton";
}

/** Recheck's verdict; null where the expression cannot be put in its words. */
async function recheck(source: string) {
  let js: { pattern: string; flags: string };
  try {
    js = toRegExpDetails(writeOutClasses(source), { flags: "mDSW", target: "ES2018" });
  } catch {
    return null;
  }
  // Loaded here because it is large and only validation needs it.
  const { check } = await import("recheck");
  return check(js.pattern, js.flags, { timeout: TIMEOUT_MS });
}
