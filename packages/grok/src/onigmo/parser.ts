import { readClass, readShorthand } from "./character-class.ts";
import { caseInsensitive, foldText } from "./folding.ts";
import { type Modes, Reader, readCharacterEscape } from "./reader.ts";
import { recursesWithoutEnd } from "./recursion.ts";
import { scanGroups } from "./scan.ts";
import { type AssertKind, type CodeSet, type Expression, type Node, OnigmoSyntaxError } from "./syntax.ts";

const MAX_DEPTH = 250;
const EMPTY: Node = { type: "empty" };
const ASSERTIONS: Record<string, AssertKind> = {
  A: "text-start",
  z: "text-end",
  Z: "text-end-newline",
  G: "search-start",
  b: "word-boundary",
  B: "not-word-boundary",
};

/** Parses an expression in Ruby's dialect; `.` matches newlines, as Logstash compiles it. */
export function parse(source: string): Expression {
  return new Parser(source).run();
}

class Parser {
  private readonly reader: Reader;
  private readonly names = new Map<string, number[]>();
  private readonly named: boolean;
  private readonly total: number;
  private groups = 0;
  private ignoreCase = false;
  private multiFold = false;
  private calls = false;
  private depth = 0;

  constructor(source: string) {
    this.reader = new Reader(source);
    const declared = declaredGroups(source);
    this.named = declared.names.length > 0;
    this.total = this.named ? declared.names.length : declared.plain;
    for (const [index, name] of declared.names.entries()) {
      this.names.set(name, [...(this.names.get(name) ?? []), index + 1]);
    }
  }

  run(): Expression {
    const root = this.alternatives({ ignoreCase: false, dotAll: true, extended: false, charset: "d" });
    if (!this.reader.done) throw new OnigmoSyntaxError("unmatched close parenthesis");
    if (this.calls && recursesWithoutEnd(root)) throw new OnigmoSyntaxError("a call of a group that never ends");
    return { root, groups: this.total, ignoreCase: this.ignoreCase, multiFold: this.multiFold };
  }

  /** Up to a closing parenthesis or the end, neither consumed. */
  private alternatives(given: Modes): Node {
    if (++this.depth > MAX_DEPTH) throw new OnigmoSyntaxError("groups are nested too deeply");
    let modes = given;
    this.ignoreCase ||= modes.ignoreCase;
    const options: Node[] = [];
    let items: Node[] = [];
    for (this.skipIgnored(modes); !this.reader.done && !this.reader.looksAt(")"); this.skipIgnored(modes)) {
      if (this.reader.take("|")) {
        options.push(sequence(items));
        items = [];
        continue;
      }
      const switched = this.modeSwitch(modes);
      if (switched) {
        modes = switched;
        this.ignoreCase ||= modes.ignoreCase;
      } else items.push(this.quantified(modes));
    }
    this.depth--;
    options.push(sequence(items));
    return options.length === 1 ? options[0]! : { type: "choice", options };
  }

  /** `(?i)` holds to the end of the group that it stands in, over its alternatives. */
  private modeSwitch(modes: Modes): Modes | undefined {
    const found = this.reader.match(/\(\?([imxdau]*(?:-[imx]*)?)\)/y);
    return found ? switchModes(modes, found[1]!) : undefined;
  }

  private quantified(modes: Modes): Node {
    const start = this.reader.at;
    let node = this.atom(modes);
    for (;;) {
      this.skipIgnored(modes);
      const next = this.quantifier(node, start);
      if (!next) return node;
      node = next;
    }
  }

  /** The quantifier that comes next, on a body that begins at `from`. */
  private quantifier(body: Node, from: number): Node | undefined {
    const { reader } = this;
    const bodyEnd = reader.offset(reader.at);
    const repeat = (min: number, max: number, lazy: boolean): Node => {
      const [start, end] = [reader.offset(from), reader.offset(reader.at)];
      return { type: "repeat", min, max, lazy, body, start, end, bodyEnd };
    };
    const simple = reader.match(/([*+?])([?+]?)/y);
    if (simple) {
      const [min, max] = { "*": [0, Infinity], "+": [1, Infinity], "?": [0, 1] }[simple[1]!] as [number, number];
      const node = repeat(min, max, simple[2] === "?");
      return simple[2] === "+" ? { type: "atomic", body: node } : node;
    }
    const interval = reader.match(/\{(?:(\d{1,6})(,?)(\d{0,6})|,(\d{1,6}))\}/y);
    if (!interval) return undefined;
    const min = Number(interval[1] ?? 0);
    const max = interval[4] ? Number(interval[4]) : interval[2] ? (interval[3] ? Number(interval[3]) : Infinity) : min;
    if (max < min || min > 100_000)
      throw new OnigmoSyntaxError("a repetition that is too big or ends before it starts");
    // `{n}?` is a greedy optional {n}, not a lazy one.
    return repeat(min, max, min !== max && reader.take("?"));
  }

  private skipIgnored(modes: Modes): void {
    for (;;) {
      if (this.reader.take("(?#")) this.comment();
      else if (modes.extended && /\s/.test(this.reader.peek() ?? "")) this.reader.next();
      else if (modes.extended && this.reader.take("#")) while (!this.reader.done && this.reader.next() !== "\n");
      else return;
    }
  }

  private comment(): void {
    for (let char = this.reader.next(); char !== ")"; char = this.reader.next()) if (char === "\\") this.reader.next();
  }

  private atom(modes: Modes): Node {
    const { reader } = this;
    const char = reader.next();
    if (char === "(") return this.group(modes);
    if (char === "[") return this.bracket(modes);
    if (char === "\\") return this.escape(modes);
    if (char === ".") return { type: "set", test: modes.dotAll ? () => true : (code) => code !== 10 };
    if (char === "^") return { type: "assert", kind: "line-start", ascii: false };
    if (char === "$") return { type: "assert", kind: "line-end", ascii: false };
    if ("*+?".includes(char)) throw new OnigmoSyntaxError(`nothing to repeat before "${char}"`);
    return this.literal(char.codePointAt(0)!, modes);
  }

  private literal(code: number, modes: Modes): Node {
    if (!modes.ignoreCase) return { type: "set", test: (other) => other === code };
    const text = foldText(String.fromCodePoint(code));
    this.multiFold ||= Array.from(text).length > 1;
    return { type: "folded", text };
  }

  private bracket(modes: Modes): Node {
    const { test, strings } = readClass(this.reader, modes);
    const set: Node = { type: "set", test };
    if (strings.length === 0) return set;
    this.multiFold = true;
    return { type: "choice", options: [...strings.map((text): Node => ({ type: "folded", text })), set] };
  }

  private escape(modes: Modes): Node {
    const { reader } = this;
    const char = reader.peek() ?? "";
    if (Object.hasOwn(ASSERTIONS, char)) {
      reader.next();
      return { type: "assert", kind: ASSERTIONS[char]!, ascii: modes.charset === "a" };
    }
    if (reader.take("K")) return { type: "keep" };
    if (reader.take("X")) return { type: "grapheme" };
    if (reader.take("R")) return NEWLINE;
    const reference = this.reference(modes);
    if (reference) return reference;
    const set = readShorthand(reader, modes);
    if (set) return { type: "set", test: modes.ignoreCase && /[pP]/.test(char) ? caseInsensitive(set, false) : set };
    const code = readCharacterEscape(reader);
    return this.literal(code ?? reader.next().codePointAt(0)!, modes);
  }

  private reference(modes: Modes): Node | undefined {
    const { reader } = this;
    const call = reader.match(/g(?:<([^>]*)>|'([^']*)')/y);
    if (call) {
      this.calls = true;
      return { type: "call", group: this.single((call[1] ?? call[2])!) };
    }
    const named = reader.match(/k(?:<([^>]*)>|'([^']*)')/y);
    if (named) return this.namedReference((named[1] ?? named[2])!, modes);
    const back = reader.at;
    const numbered = reader.match(/[1-9]\d{0,4}/y);
    if (numbered && (Number(numbered[0]) <= this.total || numbered[0].length === 1)) {
      if (this.named) throw new OnigmoSyntaxError("numbered backreferences are not allowed beside named groups");
      return { type: "backref", groups: this.resolve(numbered[0]), fold: modes.ignoreCase };
    }
    reader.at = back;
    return undefined;
  }

  private namedReference(name: string, modes: Modes): Node {
    const fold = modes.ignoreCase;
    const leveled = this.names.has(name) ? null : /^(.+?)([+-]\d{1,3})$/s.exec(name);
    if (!leveled) return { type: "backref", groups: this.resolve(name), fold };
    return { type: "backref", groups: this.resolve(leveled[1]!), fold, level: Number(leveled[2]) };
  }

  private single(name: string): number {
    if (name === "0") return 0;
    const groups = this.resolve(name);
    if (groups.length > 1) throw new OnigmoSyntaxError(`\\g<${name}> is ambiguous: several groups have this name`);
    return groups[0]!;
  }

  private resolve(name: string): readonly number[] {
    const named = this.names.get(name);
    if (named) return named;
    if (!/^[+-]?\d{1,5}$/.test(name)) throw new OnigmoSyntaxError(`no group is called "${name}"`);
    const value = Number(name);
    const group = name.startsWith("-") ? this.groups + 1 + value : name.startsWith("+") ? this.groups + value : value;
    if (group < 1 || group > this.total) throw new OnigmoSyntaxError(`there is no group ${name}`);
    return [group];
  }

  private group(modes: Modes): Node {
    const { reader } = this;
    const looks = reader.match(/\?(<?)([=!])/y);
    if (looks) return { type: "look", behind: looks[1] === "<", negate: looks[2] === "!", body: this.body(modes) };
    if (reader.take("?>")) return { type: "atomic", body: this.body(modes) };
    if (reader.take("?~")) return { type: "absent", body: this.body(modes) };
    if (reader.take("?(")) return this.condition(modes);
    if (reader.match(/\?(?:<[^>]+>|'[^']+')/y))
      return { type: "capture", group: ++this.groups, body: this.body(modes) };
    const flags = reader.match(/\?([imxdau]*(?:-[imx]*)?):/y);
    if (flags) return this.body(switchModes(modes, flags[1]!));
    if (reader.looksAt("?")) throw new OnigmoSyntaxError(`undefined group option "(?${reader.peek(1) ?? ""}"`);
    if (this.named) return this.body(modes);
    return { type: "capture", group: ++this.groups, body: this.body(modes) };
  }

  private body(modes: Modes): Node {
    const node = this.alternatives(modes);
    if (this.reader.done) throw new OnigmoSyntaxError("a group is not closed");
    this.reader.next();
    return node;
  }

  private condition(modes: Modes): Node {
    const written = this.reader.until(")");
    const groups = this.resolve(written.replace(/^[<'](.*)[>']$/s, "$1"));
    const body = this.body(modes);
    if (body.type !== "choice") return { type: "condition", groups, yes: body, no: EMPTY };
    if (body.options.length > 2) throw new OnigmoSyntaxError("a condition has more than two branches");
    return { type: "condition", groups, yes: body.options[0]!, no: body.options[1]! };
  }
}

const code = (wanted: number): Node => ({ type: "set", test: (other) => other === wanted });
const isNewline: CodeSet = (other) =>
  (other >= 10 && other <= 13) || other === 0x85 || other === 0x2028 || other === 0x2029;
const NEWLINE: Node = {
  type: "atomic",
  body: {
    type: "choice",
    options: [
      { type: "sequence", items: [code(13), code(10)] },
      { type: "set", test: isNewline },
    ],
  },
};

function switchModes(modes: Modes, flags: string): Modes {
  const [on = "", off = ""] = flags.split("-");
  const state = (flag: string, before: boolean): boolean => (off.includes(flag) ? false : on.includes(flag) || before);
  return {
    ignoreCase: state("i", modes.ignoreCase),
    dotAll: state("m", modes.dotAll),
    extended: state("x", modes.extended),
    charset: (/[dau](?!.*[dau])/.exec(on)?.[0] as Modes["charset"] | undefined) ?? modes.charset,
  };
}

/** Joins neighbouring folded characters, because folding looks across them. */
function sequence(items: readonly Node[]): Node {
  const joined: Node[] = [];
  for (const item of items) {
    const last = joined.at(-1);
    if (item.type === "folded" && last?.type === "folded")
      joined[joined.length - 1] = { type: "folded", text: last.text + item.text };
    else joined.push(item);
  }
  return joined.length === 1 ? joined[0]! : joined.length === 0 ? EMPTY : { type: "sequence", items: joined };
}

/** Groups by a look over the text: whether plain parentheses capture depends on all of it. */
function declaredGroups(source: string): { names: string[]; plain: number } {
  const tokens = [...scanGroups(source)];
  const names = tokens.filter((token) => token.kind === "named-group").map((token) => token.name);
  return { names, plain: tokens.filter((token) => token.kind === "plain-group").length };
}
