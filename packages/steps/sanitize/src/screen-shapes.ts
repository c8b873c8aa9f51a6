import { Buffer } from "node:buffer";
import type { Shape } from "./rule.ts";

/** The shapes of shapes.ts in a run of digits, spaces and dashes, whatever stands around it. */
const NUMBERS: Partial<Record<Shape, RegExp>> = {
  "long-number": /\d(?:[ -]?\d){11}/,
  "three-two-four": /\d{3}[- ]\d{2}[- ]\d{4}/,
};
/** No shape has fewer. */
const FEWEST_DIGITS = 9;
/** How many characters stand before, between and behind the dots of a token, at least. */
const DOTTED = { before: 24, between: 6, after: 27 };
/** The shortest run of base64 that a rule asks for. */
const RUN = 64;

const NUMERIC = bytesIn(/[0-9 -]/);
const BASE64 = bytesIn(/[A-Za-z0-9+/]/);
const WORD = bytesIn(/[\w-]/);

/** Looks more closely at places of which the scan has said that a shape might be there. */
export class ShapeCheck {
  readonly #numbers: readonly RegExp[];
  readonly #runs: boolean;
  readonly #dotted: boolean;

  constructor(shapes: ReadonlySet<Shape>) {
    this.#numbers = [...shapes].flatMap((shape) => NUMBERS[shape] ?? []);
    this.#runs = shapes.has("base64-line");
    this.#dotted = shapes.has("dotted-token");
  }

  /** Whether the run of digits, spaces and dashes around `at` holds a number of a shape. */
  isNumber(bytes: Uint8Array, at: number, length: number): boolean {
    const [start, end] = runAround(bytes, at, length, NUMERIC);
    let digits = 0;
    for (let i = start; i < end; i++) if ((bytes[i] as number) >= 0x30) digits++;
    if (digits < FEWEST_DIGITS || this.#numbers.length === 0) return false;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
    return this.#numbers.some((pattern) => pattern.test(text));
  }

  /** Whether a dot is the first of a token in three parts. */
  isDotted(bytes: Uint8Array, at: number, length: number): boolean {
    if (!this.#dotted) return false;
    const { before, between, after } = DOTTED;
    const second = at + 1 + between;
    return (
      at >= before &&
      second + after < length &&
      areWords(bytes, at + 1, second) &&
      areWords(bytes, at - before, at) &&
      areWords(bytes, second + 1, second + 1 + after)
    );
  }

  isLongRun(bytes: Uint8Array, at: number, length: number): boolean {
    if (!this.#runs) return false;
    const [start, end] = runAround(bytes, at, length, BASE64);
    return end - start >= RUN;
  }
}

/** Ordinary lines have many dots: what is wrong about them mostly stands right before the second one, or the first. */
function areWords(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = end - 1; at >= start; at--) if (WORD[bytes[at] as number] !== 1) return false;
  return true;
}

function runAround(bytes: Uint8Array, at: number, length: number, parts: Uint8Array): [number, number] {
  let start = at;
  let end = at;
  while (start > 0 && parts[bytes[start - 1] as number] === 1) start--;
  while (end < length && parts[bytes[end] as number] === 1) end++;
  return [start, end];
}

function bytesIn(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => Number(pattern.test(String.fromCharCode(byte))));
}
