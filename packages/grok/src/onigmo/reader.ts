import { OnigmoSyntaxError } from "./syntax.ts";

/** Options that an expression can switch inside itself. */
export interface Modes {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly extended: boolean;
  /** `d`: ASCII `\w \d \s`, all else Unicode; `a`: all ASCII; `u`: all Unicode. */
  readonly charset: "d" | "a" | "u";
}

/** A cursor over the code points of an expression. */
export class Reader {
  readonly chars: readonly string[];
  at = 0;
  private readonly offsets: readonly number[];

  private readonly text: string;

  constructor(text: string) {
    this.text = text;
    this.chars = Array.from(text);
    let offset = 0;
    this.offsets = [0, ...this.chars.map((char) => (offset += char.length))];
  }

  /** Position of a code point in UTF-16 units. */
  offset(at: number): number {
    return this.offsets[at]!;
  }

  get done(): boolean {
    return this.at >= this.chars.length;
  }

  peek(ahead = 0): string | undefined {
    return this.chars[this.at + ahead];
  }

  next(): string {
    const char = this.chars[this.at++];
    if (char === undefined) throw new OnigmoSyntaxError("it ends too early");
    return char;
  }

  /** Goes past `text` if it is next. */
  take(text: string): boolean {
    if (!this.looksAt(text)) return false;
    this.at += text.length;
    return true;
  }

  looksAt(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.chars[this.at + i] !== text[i]) return false;
    return true;
  }

  /** Everything up to `end`, which is passed too. */
  until(end: string): string {
    const from = this.at;
    while (this.next() !== end);
    return this.chars.slice(from, this.at - 1).join("");
  }

  /** Goes past an expression (flag `y`) if it matches here; returns its match. */
  match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.offsets[this.at]!;
    const found = expression.exec(this.text);
    if (found) this.at += Array.from(found[0]).length;
    return found;
  }
}

const CONTROLS: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 };

/** The character of an escape, the reader being behind the backslash; escapes that are no character come back as null. */
export function readCharacterEscape(reader: Reader): number | null {
  const start = reader.at;
  const char = reader.next();
  const control = Object.hasOwn(CONTROLS, char) ? CONTROLS[char] : undefined;
  if (control !== undefined) return control;
  if (char === "x") return readHex(reader);
  if (char === "u") return readUnicode(reader);
  if (char === "c") return readControl(reader);
  if ((char === "C" || char === "M") && reader.take("-")) {
    const code = reader.next();
    const value = code === "\\" ? readCharacterEscape(reader)! : code.codePointAt(0)!;
    return char === "C" ? value & 0x1f : value | 0x80;
  }
  if (/[0-7]/.test(char)) {
    reader.at = start;
    return Number.parseInt(reader.match(/[0-7]{1,3}/y)![0], 8) & 0xff;
  }
  if (/[0-9A-Za-z]/.test(char) && "bBAzZGwWdDsShHpPRXKkg89".includes(char)) {
    reader.at = start;
    return null;
  }
  return char.codePointAt(0)!;
}

function readControl(reader: Reader): number {
  const char = reader.next();
  if (char === "?") return 0x7f;
  return (char === "\\" ? (readCharacterEscape(reader) ?? 0) : char.codePointAt(0)!) & 0x1f;
}

function readUnicode(reader: Reader): number {
  const found = reader.match(/(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{4}))/y);
  if (!found) throw new OnigmoSyntaxError("\\u without four hex digits");
  return codePoint(Number.parseInt((found[1] ?? found[2])!, 16));
}

/** `\x{…}` is a code point, `\xE3\x81\x82` the bytes of one in UTF-8. */
function readHex(reader: Reader): number {
  const braced = reader.match(/\{([0-9A-Fa-f]{1,8})\}/y);
  if (braced) return codePoint(Number.parseInt(braced[1]!, 16));
  const first = Number.parseInt(reader.match(/[0-9A-Fa-f]{1,2}/y)?.[0] ?? "0", 16);
  if (first < 0x80) return first;
  const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  const rest = reader.match(new RegExp(`(?:\\\\x[89ABab][0-9A-Fa-f]){${more}}`, "y"));
  if (first < 0xc0 || !rest) throw new OnigmoSyntaxError("\\x with bytes that are no UTF-8");
  const bytes = Buffer.from(first.toString(16) + rest[0].replaceAll("\\x", ""), "hex");
  return bytes.toString("utf8").codePointAt(0)!;
}

function codePoint(value: number): number {
  if (value > 0x10ffff) throw new OnigmoSyntaxError("a code point beyond U+10FFFF");
  return value;
}
