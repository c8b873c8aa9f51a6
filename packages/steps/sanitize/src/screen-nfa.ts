import { type AST, RegExpParser } from "@eslint-community/regexpp";
import type { Rule } from "./rule.ts";

/** Bytes that an edge takes. */
export type ByteSet = Uint8Array;

export interface Edge {
  readonly bytes: ByteSet;
  readonly to: State;
}

/** A state of an automaton over bytes; `free` leads on without a byte. */
export interface State {
  readonly id: number;
  readonly free: State[];
  readonly edges: Edge[];
}

/** The automaton of a pattern, and how it is left. */
export interface Nfa {
  readonly start: State;
  readonly accept: State;
  readonly states: readonly State[];
}

/** More copies of a repeated part than this are not made; then any number of them counts as enough. */
const MAX_COPIES = 64;
/** A part that may be repeated more often than this may be repeated without end. */
const MAX_OPTIONAL = 8;

/**
 * Reads the pattern of a rule as an automaton over the bytes of UTF-8 that takes every text that the pattern takes, and
 * more: look-arounds and word boundaries always hold, large counts are without bounds.
 */
export function nfaOf({ pattern, ignoreCase = false }: Pick<Rule, "pattern" | "ignoreCase">): Nfa {
  const parsed = new RegExpParser({ ecmaVersion: 2025 }).parsePattern(pattern);
  return new Builder(ignoreCase).build(parsed);
}

/** Whether a part of a pattern begins or ends it. */
interface Place {
  readonly first: boolean;
  readonly last: boolean;
  /** Bytes that a look-ahead forbids here. */
  readonly not?: ByteSet | undefined;
}

const WHOLE: Place = { first: true, last: true };
const INSIDE: Place = { first: false, last: false };

let nextId = 0;

/** A state that leads nowhere yet, with a number of its own among those of all automata. */
export function newState(): State {
  return { id: nextId++, free: [], edges: [] };
}

class Builder {
  #ignoreCase: boolean;
  readonly #states: State[] = [];

  constructor(ignoreCase: boolean) {
    this.#ignoreCase = ignoreCase;
  }

  build(pattern: AST.Pattern): Nfa {
    const start = this.#state();
    const accept = this.#state();
    this.#any(pattern.alternatives, start, WHOLE).free.push(accept);
    return { start, accept, states: this.#states };
  }

  #state(): State {
    const state = newState();
    this.#states.push(state);
    return state;
  }

  #any(alternatives: readonly AST.Alternative[], from: State, place: Place): State {
    const end = this.#state();
    for (const { elements } of alternatives) {
      const first = elements.findIndex((element) => !isFree(element));
      const last = elements.findLastIndex((element) => !isFree(element));
      let at = this.#state();
      from.free.push(at);
      let not = place.not;
      for (const [i, element] of elements.entries()) {
        at = this.#element(element, at, { first: place.first && i === first, last: place.last && i === last, not });
        not = isFree(element) ? either(not, this.#forbidden(element)) : undefined;
      }
      at.free.push(end);
    }
    return end;
  }

  #element(element: AST.Element, from: State, place: Place): State {
    switch (element.type) {
      case "Assertion":
        return this.#assertion(element, from, place);
      case "Quantifier":
        return this.#repeat(element, from, place);
      case "Backreference":
        return this.#backreference(element, from);
      case "CapturingGroup":
        return this.#any(element.alternatives, from, place);
      case "Group":
        return this.#group(element, from, place);
      default:
        return this.#character(element, from, place);
    }
  }

  /** What has to stand before or behind a match counts as a part of it. Inside of it a look-around always holds. */
  #assertion(element: AST.Assertion, from: State, { first, last }: Place): State {
    if (isFree(element)) return from;
    const { kind, alternatives } = element as AST.LookaroundAssertion;
    if (kind === "lookbehind" ? first : last) {
      return this.#any(alternatives, from, { first: kind === "lookbehind", last: kind === "lookahead" });
    }
    return from;
  }

  #group({ modifiers, alternatives }: AST.Group, from: State, place: Place): State {
    const outside = this.#ignoreCase;
    if (modifiers?.add.ignoreCase) this.#ignoreCase = true;
    if (modifiers?.remove?.ignoreCase) this.#ignoreCase = false;
    const end = this.#any(alternatives, from, place);
    this.#ignoreCase = outside;
    return end;
  }

  #repeat({ min, max, element }: AST.Quantifier, from: State, { not }: Place): State {
    let at = from;
    for (let i = 0; i < Math.min(min, MAX_COPIES); i++) {
      at = this.#element(element, at, i === 0 ? { ...INSIDE, not } : INSIDE);
    }
    if (max - min > MAX_OPTIONAL || min > MAX_COPIES) return this.#star(element, at);
    const end = this.#state();
    for (let i = min; i < max; i++) {
      at.free.push(end);
      at = this.#element(element, at, INSIDE);
    }
    at.free.push(end);
    return end;
  }

  #star(element: AST.QuantifiableElement, from: State): State {
    const hub = this.#state();
    from.free.push(hub);
    this.#element(element, hub, INSIDE).free.push(hub);
    return hub;
  }

  /** The ASCII bytes that a negative look-ahead of one character keeps from coming next. */
  #forbidden(element: AST.Element): ByteSet | undefined {
    if (element.type !== "Assertion" || element.kind !== "lookahead" || !element.negate) return undefined;
    const [body, ...others] = element.alternatives.length === 1 ? (element.alternatives[0]?.elements ?? []) : [];
    const isOne = body?.type === "Character" || body?.type === "CharacterClass" || body?.type === "CharacterSet";
    if (!isOne || others.length > 0) return undefined;
    return bytesOf(body.raw, this.#ignoreCase).map((has, byte) => (byte < 0x80 ? has : 0));
  }

  /** What a group has matched is something that it can match, or nothing. */
  #backreference({ resolved }: AST.Backreference, from: State): State {
    const groups = Array.isArray(resolved) ? resolved : [resolved];
    const end = this.#state();
    from.free.push(end);
    for (const group of groups) this.#any(group.alternatives, from, INSIDE).free.push(end);
    return end;
  }

  #character(
    element: AST.Character | AST.CharacterClass | AST.CharacterSet | AST.ExpressionCharacterClass,
    from: State,
    place: Place,
  ): State {
    const bytes = without(bytesOf(element.raw, this.#ignoreCase), place.not);
    const to = this.#state();
    from.edges.push({ bytes, to });
    // A character beyond ASCII has several bytes.
    if (bytes[0x80] === 1) to.edges.push({ bytes: HIGH, to });
    return to;
  }
}

function either(a: ByteSet | undefined, b: ByteSet | undefined): ByteSet | undefined {
  return a && b ? a.map((has, byte) => has | (b[byte] as number)) : (a ?? b);
}

function without(bytes: ByteSet, not: ByteSet | undefined): ByteSet {
  return not ? bytes.map((has, byte) => (not[byte] === 1 ? 0 : has)) : bytes;
}

/** Takes no characters, and nothing is known of what stands around it. */
export function isFree(element: AST.Element): boolean {
  if (element.type !== "Assertion") return false;
  return (element.kind !== "lookahead" && element.kind !== "lookbehind") || element.negate;
}

const HIGH: ByteSet = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x80 ? 0 : 1));
const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
const known = new Map<string, ByteSet>();

/** Asks the regular expression itself which ASCII characters it takes. All others are taken if it might take one. */
function bytesOf(raw: string, ignoreCase: boolean): ByteSet {
  const key = `${ignoreCase ? "i" : "-"}${raw}`;
  const before = known.get(key);
  if (before) return before;
  const one = new RegExp(`^(?:${raw})$`, ignoreCase ? "i" : "");
  const asciiOnly = /^[\x20-\x7e]+$/.test(raw) && !/^\[\^|^\.$|\\[sSWDBpPuxc]/.test(raw);
  const set = new Uint8Array(256).fill(asciiOnly ? 0 : 1, 0x80);
  for (let byte = 0; byte < 0x80; byte++) if (one.test(ASCII[byte] as string)) set[byte] = 1;
  known.set(key, set);
  return set;
}

/** All states that are reached from these without a byte, them included. */
export function closure(states: Iterable<State>): Set<State> {
  const reached = new Set<State>(states);
  for (const state of reached) for (const next of state.free) reached.add(next);
  return reached;
}
