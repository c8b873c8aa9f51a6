/** What a `${…}` names. */
export type Reference =
  | { readonly kind: "variable"; readonly name: string; readonly fallback?: Fallback }
  | { readonly kind: "file"; readonly path: string };

/** `:-` default text, itself a template; `:?` the message of the error when there is none. */
type Fallback =
  | { readonly kind: "default"; readonly parts: readonly Part[] }
  | { readonly kind: "message"; readonly text: string };

/** A piece of text, or a reference at an offset of the text. */
export type Part = string | { readonly reference: Reference; readonly offset: number };

/** A `${…}` that cannot be read. */
export class TemplateError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const MAX_DEPTH = 10;

/** Splits text into literal pieces and references; `$$` is a dollar sign. Throws {@link TemplateError}. */
export function parseTemplate(text: string): readonly Part[] {
  if (!text.includes("$")) return [text];
  return readParts(text, 0, false, 0).parts;
}

function readParts(text: string, start: number, nested: boolean, depth: number): { parts: Part[]; end: number } {
  const parts: Part[] = [];
  let literal = "";
  let at = start;
  while (at < text.length) {
    if (nested && text[at] === "}") break;
    if (text.startsWith("$$", at)) {
      literal += "$";
      at += 2;
    } else if (text.startsWith("${", at)) {
      if (literal) parts.push(literal);
      literal = "";
      const { reference, end } = readReference(text, at, depth);
      parts.push({ reference, offset: at });
      at = end;
    } else literal += text[at++];
  }
  if (literal) parts.push(literal);
  return { parts, end: at };
}

function readReference(text: string, start: number, depth: number): { reference: Reference; end: number } {
  if (depth > MAX_DEPTH) throw new TemplateError("`${` is nested too deep", start);
  if (text.startsWith("file:", start + 2)) {
    const end = closing(text, start, start + 7);
    return { reference: { kind: "file", path: text.slice(start + 7, end) }, end: end + 1 };
  }
  NAME.lastIndex = start + 2;
  const name = NAME.exec(text)?.[0];
  if (name === undefined) throw new TemplateError("`${` is not followed by the name of a variable", start);
  const after = start + 2 + name.length;
  if (text[after] === "}") return { reference: { kind: "variable", name }, end: after + 1 };
  if (text.startsWith(":-", after)) {
    const { parts, end } = readParts(text, after + 2, true, depth + 1);
    closing(text, start, end);
    return { reference: { kind: "variable", name, fallback: { kind: "default", parts } }, end: end + 1 };
  }
  const end = closing(text, start, after);
  if (!text.startsWith(":?", after)) throw new TemplateError(`\`${text.slice(start, end + 1)}\` cannot be read`, start);
  const fallback: Fallback = { kind: "message", text: text.slice(after + 2, end) };
  return { reference: { kind: "variable", name, fallback }, end: end + 1 };
}

function closing(text: string, start: number, from: number): number {
  const end = text.indexOf("}", from);
  if (end < 0) throw new TemplateError("`${` has no closing `}`", start);
  return end;
}
