import { Buffer } from "node:buffer";
import type { Shape } from "./rule.ts";

/** The shapes of shapes.ts in a run of digits, spaces and dashes, whatever stands around it. */
const NUMBERS: Partial<Record<Shape, RegExp>> = {
  "long-number": /\d(?:[ -]?\d){11}/,
  "three-two-four": /\d{3}[- ]\d{2}[- ]\d{4}/,
};
/** No shape has fewer. */
const FEWEST_DIGITS = 9;
/** The shortest run of base64 that a rule asks for. */
const RUN = 64;

/** Looks more closely at places of which the scan has said that a shape might be there. */
export class ShapeCheck {
  readonly #numbers: readonly RegExp[];
  readonly #runs: boolean;

  constructor(shapes: ReadonlySet<Shape>) {
    this.#numbers = [...shapes].flatMap((shape) => NUMBERS[shape] ?? []);
    this.#runs = shapes.has("base64-line");
  }

  /** Whether the run of digits, spaces and dashes around `at` holds a number of a shape. */
  isNumber(bytes: Uint8Array, at: number, length: number): boolean {
    const [start, end] = runAround(bytes, at, length, isNumeric);
    let digits = 0;
    for (let i = start; i < end; i++) if ((bytes[i] as number) >= 0x30) digits++;
    if (digits < FEWEST_DIGITS || this.#numbers.length === 0) return false;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
    return this.#numbers.some((pattern) => pattern.test(text));
  }

  isLongRun(bytes: Uint8Array, at: number, length: number): boolean {
    if (!this.#runs) return false;
    const [start, end] = runAround(bytes, at, length, isBase64);
    return end - start >= RUN;
  }
}

function runAround(bytes: Uint8Array, at: number, length: number, isPart: (byte: number) => boolean): [number, number] {
  let start = at;
  let end = at;
  while (start > 0 && isPart(bytes[start - 1] as number)) start--;
  while (end < length && isPart(bytes[end] as number)) end++;
  return [start, end];
}

function isNumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x20 || byte === 0x2d;
}

function isBase64(byte: number): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x2f && byte <= 0x39) || byte === 0x2b;
}
