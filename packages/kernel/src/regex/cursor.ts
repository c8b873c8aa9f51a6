/** Thrown while a plan is read: the kernel cannot run it, the plain path does. */
export class Unplannable extends Error {}

/** Reads a pattern from left to right, by code point. */
export class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The character to come; empty at the end. */
  get peek(): string {
    return this.#text.charAt(this.#at);
  }

  /** The character just read. */
  get behind(): string {
    return this.#text.charAt(this.#at - 1);
  }

  /** Reads one character. */
  next(): string {
    if (this.done) this.fail("unexpected end");
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at) as number);
    this.#at += char.length;
    return char;
  }

  /** Reads `token` if it comes next. */
  take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  /** Reads what a sticky expression matches here. */
  match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  fail(what: string): never {
    throw new Unplannable(`${what}, at offset ${this.#at}`);
  }
}
