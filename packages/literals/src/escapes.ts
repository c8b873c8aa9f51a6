import { HEX_DIGITS, SIMPLE_ESCAPES } from "./layout.ts";

const NONE = 0xff;
/** What the letter behind a backslash stands for in JSON. */
const SIMPLE = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** Writes what escapes mean into a new memory. */
export function writeEscapes(memory: Uint8Array): void {
  memory.fill(NONE, HEX_DIGITS, HEX_DIGITS + 256);
  memory.fill(NONE, SIMPLE_ESCAPES, SIMPLE_ESCAPES + 256);
  for (let value = 0; value < 16; value++) {
    memory[HEX_DIGITS + value.toString(16).charCodeAt(0)] = value;
    memory[HEX_DIGITS + value.toString(16).toUpperCase().charCodeAt(0)] = value;
  }
  for (const [letter, meaning] of Object.entries(SIMPLE)) {
    memory[SIMPLE_ESCAPES + letter.charCodeAt(0)] = meaning.charCodeAt(0);
  }
}
