import { KeyBlock } from "./key-block.ts";
import type { Finding, Sanitizer } from "./sanitizer.ts";

/** A line of a stream without the private key of which it was a part. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** With its line end; empty when the line is dropped. */
  readonly text: string;
  /** Characters that were taken away from its beginning. */
  readonly shift: number;
}

const RULE = "private-key";

/** Takes private keys over several lines out of a stream of lines: the replacement stands where a key begins. */
export class KeyLines {
  readonly #block = new KeyBlock();
  readonly #sanitizer: Sanitizer;
  readonly #action;
  readonly #onKey: (line: number, column: number) => void;
  #number = 0;

  constructor(sanitizer: Sanitizer, onKey: (finding: Pick<Finding, "rule" | "action">, at: [number, number]) => void) {
    this.#sanitizer = sanitizer;
    // The key is gone before its end is known: there is nothing whole to take a hash or the last characters of.
    const action = sanitizer.actionOf({ name: RULE, sets: ["default", "secrets"] });
    this.#action = action === "hash" || action === "partial" ? "redact" : action;
    this.#onKey = (line, column) => onKey({ rule: RULE, action: this.#action }, [line, column]);
  }

  /** @param raw A line with its line end, if it has one. */
  next(raw: string): Line {
    const number = ++this.#number;
    const content = raw.replace(/\r?\n$/, "");
    const parts = this.#block.next(content);
    if (parts.length === 0) return { number, text: raw, shift: 0 };
    let text = "";
    let shift = 0;
    let copied = 0;
    for (const { start, end, begins } of parts) {
      text += content.slice(copied, start);
      if (begins) {
        text += this.#sanitizer.replacement({ rule: RULE, action: this.#action }, content.slice(start, end));
        this.#onKey(number, start + 1);
      } else shift = end;
      copied = end;
    }
    if (this.#action === "drop") return { number, text: "", shift: 0 };
    return { number, text: text + content.slice(copied) + raw.slice(content.length), shift };
  }
}
