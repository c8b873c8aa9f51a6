import type { Shape } from "./rule.ts";

/** How each shape looks; linear, since what follows a digit group or a line start is bounded or unambiguous. */
const PATTERNS: Record<Shape, RegExp> = {
  "long-number": /\d(?:[ -]?\d){11,}/g,
  "three-two-four": /(?<!\d)\d{3}[- ]\d{2}[- ]\d{4}(?!\d)/g,
  "dotted-token": /(?<=[\w-]{24})\.[\w-]{6}\.[\w-]{27}/g,
  "base64-line": /(?<!\S)[A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6}){0,2}(?=\r?$)/gm,
};

/** Calls `visit` for every part of a text that has the shape. */
export function findShape(shape: Shape, text: string, visit: (start: number, end: number) => void): void {
  const pattern = PATTERNS[shape];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    visit(match.index, match.index + match[0].length);
  }
}
