/** How a private key begins and ends, also as OpenSSH, PGP and SSH2 write it. */
const BEGIN = /-----? ?BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)? ?-----?/g;
const END = /-----? ?END (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)? ?-----?/g;

/** A line that may be a part of a key: base64 at its end (behind a log's prefix), a header, or nothing. */
const BODY =
  /(?:^|[\s"'|>\]:])(?:[A-Za-z0-9+/]{16,}={0,2}|[A-Za-z0-9+/]{1,15}={1,2}|=[A-Za-z0-9+/]{4})["',\\]{0,3}\s*$/;
const LAST = /^\s*[A-Za-z0-9+/]{1,15}\s*$/;
const HEADER = /^\s*(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash|Subject|Charset|MessageID|Key-Type): .*)?$/i;

const MAX_LINES = 200;
const MAX_CHARS = 65_536;

/** Where a key lies in a line: from `start` to `end`. Null: nowhere. */
export interface KeyPart {
  readonly start: number;
  readonly end: number;
  /** The key begins in this line. */
  readonly begins: boolean;
}

/**
 * Follows private keys over lines that are looked at one after another. Gives up on a line that cannot be a part of a
 * key, after 200 lines, or after 64 KiB: a lone BEGIN must not swallow the rest of a log.
 */
export class KeyBlock {
  #lines = 0;
  #chars = 0;
  #open = false;

  /** The parts of the next line, given without its line end, that belong to a key of several lines. */
  next(line: string): readonly KeyPart[] {
    if (!this.#open) return this.#begin(line, 0);
    const end = endOf(line, END, "first");
    if (end !== -1) {
      this.#open = false;
      return [{ start: 0, end, begins: false }, ...this.#begin(line, end)];
    }
    this.#lines++;
    this.#chars += line.length;
    this.#open = this.#lines <= MAX_LINES && this.#chars <= MAX_CHARS && isBody(line);
    return this.#open ? [{ start: 0, end: line.length, begins: false }] : this.#begin(line, 0);
  }

  /** A key that begins in the line, and does not end in it: one that does is for the rules. */
  #begin(line: string, from: number): readonly KeyPart[] {
    const text = line.slice(from);
    if (!text.includes("PRIVATE KEY")) return [];
    const [begin] = Array.from(text.matchAll(BEGIN)).slice(-1);
    if (!begin || endOf(text, END, "last") > begin.index) return [];
    this.#open = true;
    this.#lines = 0;
    this.#chars = 0;
    return [{ start: from + begin.index, end: line.length, begins: true }];
  }
}

function endOf(text: string, pattern: RegExp, which: "first" | "last"): number {
  if (!text.includes("PRIVATE KEY")) return -1;
  const found = Array.from(text.matchAll(pattern)).at(which === "first" ? 0 : -1);
  return found ? found.index + found[0].length : -1;
}

function isBody(line: string): boolean {
  return BODY.test(line) || LAST.test(line) || HEADER.test(line);
}
