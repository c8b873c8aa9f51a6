import type { Shape } from "./rule.ts";

/** How the shapes look that may be anywhere; linear, since what follows a digit group or a dot is bounded. */
const PATTERNS: Record<Exclude<Shape, "base64-line">, RegExp> = {
  "long-number": /\d(?:[ -]?\d){11,}/g,
  "three-two-four": /(?<!\d)\d{3}[- ]\d{2}[- ]\d{4}(?!\d)/g,
  // The dot is found first: what stands before it is not looked at anywhere else.
  "dotted-token": /\.(?<=[\w-]{24}\.)[\w-]{6}\.[\w-]{27}/g,
};

/** Calls `visit` for every part of a text that has the shape. */
export function findShape(shape: Shape, text: string, visit: (start: number, end: number) => void): void {
  if (shape === "base64-line") {
    findBase64Lines(text, visit);
    return;
  }
  const pattern = PATTERNS[shape];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    visit(match.index, match.index + match[0].length);
  }
}

const BASE64_LENGTHS = [64, 70, 76];
const BASE64_LINE = /(?<!\S)[A-Za-z0-9+/]{64,76}(?=\r?(?:\n|$))/y;
const RETURN = 13;

/** Looks back from each line's end: a long line without one costs nothing. */
function findBase64Lines(text: string, visit: (start: number, end: number) => void): void {
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    const stop = end > at && text.charCodeAt(end - 1) === RETURN ? end - 1 : end;
    for (const length of BASE64_LENGTHS) {
      if (stop - length < at) break;
      BASE64_LINE.lastIndex = stop - length;
      if (BASE64_LINE.test(text)) visit(stop - length, stop);
    }
    at = end + 1;
  }
}
