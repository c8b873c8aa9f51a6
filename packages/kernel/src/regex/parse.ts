import { children, EMPTY, type Greed, groupsIn, isNullable, type Node, sequence } from "./ast.ts";
import { ANY_BYTE, isEmpty, onlyMember } from "./byte-set.ts";
import { Cursor, Unplannable } from "./cursor.ts";
import { type ClassSyntax, readClass, readClassEscape } from "./parse-class.ts";

/** A pattern of the subset. */
export interface ParsedPattern {
  readonly node: Node;
  readonly groups: number;
  /** Uses something that is only known for ASCII: lines with other characters have to go the plain way. */
  readonly asciiOnly: boolean;
}

/**
 * Reads an expanded Oniguruma expression that is anchored at its start. Throws {@link Unplannable} for everything
 * outside of the subset, and whenever Oniguruma's own reading is in doubt.
 */
export function parsePattern(source: string): ParsedPattern {
  const cursor = new Cursor(source);
  if (!cursor.take("\\A") && !cursor.take("^")) throw new Unplannable("not anchored at the start");
  const parser = new Parser(cursor);
  const node = parser.alternatives();
  if (!cursor.done) cursor.fail("unbalanced parenthesis");
  // `\Aa|b` anchors only its first branch.
  if (node.kind === "alt") throw new Unplannable("alternatives outside of a group");
  return { node, groups: parser.groups, asciiOnly: parser.asciiOnly || countsCharacters(node) };
}

/** True when a class that takes characters beyond ASCII is matched a counted number of times: bytes would be counted. */
function countsCharacters(node: Node): boolean {
  if (node.kind === "class") return node.set.high;
  const isRun = node.kind === "repeat" && node.body.kind === "class" && node.min <= 1 && node.max === Infinity;
  return !isRun && children(node).some(countsCharacters);
}

const ENDS = ["\\z", "\\Z", "$"];
const INTERVAL = /\{(?:(\d+)(,(\d*))?|,(\d+))\}/y;
const MAX_COUNT = 1000;

class Parser {
  groups = 0;
  asciiOnly = false;
  readonly #cursor: Cursor;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  alternatives(): Node {
    const options = [this.#branch()];
    while (this.#cursor.take("|")) options.push(this.#branch());
    return options.length === 1 ? (options[0] as Node) : { kind: "alt", options };
  }

  #branch(): Node {
    const items: Node[] = [];
    while (!this.#cursor.done && this.#cursor.peek !== "|" && this.#cursor.peek !== ")") items.push(this.#quantified());
    return sequence(items);
  }

  #quantified(): Node {
    const bytes = this.#atom();
    const quantifier = this.#quantifier();
    if (quantifier === null) return sequence(bytes);
    if (bytes.length !== 1) this.#cursor.fail("repeated character beyond ASCII");
    const node = this.#repeat(bytes[0] as Node, ...quantifier);
    if (this.#quantifier() !== null) this.#cursor.fail("repeated repeat");
    return node;
  }

  #repeat(body: Node, min: number, max: number, greed: Greed): Node {
    if (max < min || max === 0 || min > MAX_COUNT) this.#cursor.fail("repeat with such bounds");
    // Engines differ in what an empty turn of a repeat is worth.
    if (isNullable(body) && (min !== 1 || max !== 1)) this.#cursor.fail("repeat of something that may be empty");
    if (max > 1 && groupsIn(body).length > 0) this.#cursor.fail("repeated capture");
    return min === 1 && max === 1 ? body : { kind: "repeat", body, min, max, greed };
  }

  /** What is repeated how often, or null when nothing of the kind follows. */
  #quantifier(): [min: number, max: number, greed: Greed] | null {
    const cursor = this.#cursor;
    const simple = cursor.take("?")
      ? [0, 1]
      : cursor.take("*")
        ? [0, Infinity]
        : cursor.take("+")
          ? [1, Infinity]
          : null;
    if (simple !== null) {
      const greed = cursor.take("?") ? "lazy" : cursor.take("+") ? "possessive" : "greedy";
      return [simple[0] as number, simple[1] as number, greed];
    }
    const found = cursor.match(INTERVAL);
    if (found === null) return null;
    const [, from, open, to, upTo] = found;
    const min = Number(from ?? 0);
    const max = upTo !== undefined ? Number(upTo) : open === undefined ? min : to === "" ? Infinity : Number(to);
    // `{n}?` is "n or none" in Ruby, `{n,m}+` a repeat of a repeat.
    if (cursor.peek === "+" || (cursor.peek === "?" && open === undefined)) cursor.fail("suffix of an interval");
    return [min, max, cursor.take("?") ? "lazy" : "greedy"];
  }

  /** One character, class, group or assertion; a character beyond ASCII comes as its bytes. */
  #atom(): Node[] {
    const cursor = this.#cursor;
    for (const end of ENDS) if (cursor.take(end)) return [{ kind: "end" }];
    if (cursor.take("\\b")) return [this.#boundary(false)];
    if (cursor.take("\\B")) return [this.#boundary(true)];
    if (cursor.take("(")) return [this.#group()];
    if (cursor.take("[")) return [this.#class(readClass(cursor))];
    if (cursor.take(".")) return [this.#class({ set: ANY_BYTE, asciiOnly: false })];
    if (cursor.take("\\")) return [this.#class(readClassEscape(cursor))];
    if ("*+?^".includes(cursor.peek)) cursor.fail(`"${cursor.peek}" here`);
    const char = cursor.next();
    const code = char.charCodeAt(0);
    const bytes = code < 0x80 ? [code] : [...new TextEncoder().encode(char)];
    if (bytes.some((byte) => byte < 0x20)) cursor.fail("control character");
    return bytes.map((byte) => ({ kind: "byte", byte }));
  }

  #boundary(negated: boolean): Node {
    this.asciiOnly = true;
    return { kind: "boundary", negated };
  }

  #class({ set, asciiOnly }: ClassSyntax): Node {
    this.asciiOnly ||= asciiOnly;
    if (isEmpty(set)) this.#cursor.fail("class without members here");
    const only = onlyMember(set);
    return only === null ? { kind: "class", set } : { kind: "byte", byte: only };
  }

  #group(): Node {
    const cursor = this.#cursor;
    if (cursor.take("?:")) return this.#closed(this.alternatives());
    if (cursor.take("?>")) return { kind: "atomic", body: this.#closed(this.alternatives()) };
    if (cursor.take("?<") || cursor.take("?'")) return this.#named(cursor.behind === "<" ? ">" : "'");
    if (cursor.peek === "?") cursor.fail("group of this kind");
    return this.#closed(this.alternatives());
  }

  #named(close: string): Node {
    const cursor = this.#cursor;
    if (cursor.peek === "=" || cursor.peek === "!") cursor.fail("look-around");
    while (!cursor.take(close)) cursor.next();
    const index = ++this.groups;
    return { kind: "group", index, body: this.#closed(this.alternatives()) };
  }

  #closed(node: Node): Node {
    if (!this.#cursor.take(")")) this.#cursor.fail("group without its end");
    return node.kind === "seq" && node.items.length === 0 ? EMPTY : node;
  }
}
