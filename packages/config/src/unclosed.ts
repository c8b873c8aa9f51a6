import { Lexer } from "yaml";

/** A quote or bracket that is not closed where it should be, and what to say about it. */
export interface Unclosed {
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

/** Tokens of the lexer that stand for no text of the file: a document, the end of a flow collection, a plain scalar. */
const CONTROL: ReadonlySet<string> = new Set(["\u0002", "\u0018", "\u001f"]);
const FLOW_END = "\u0018";
const CLOSING: Readonly<Record<string, string>> = { "[": "]", "{": "}" };

/**
 * The quote or bracket that explains a syntax error. YAML reads on behind it, often to the end of the file, and complains
 * there.
 * @param errorAt where YAML complains first
 */
export function findUnclosed(text: string, errorAt: number): Unclosed | undefined {
  const open: { offset: number; sign: string }[] = [];
  let offset = 0;
  for (const token of new Lexer().lex(text)) {
    const end = CONTROL.has(token) ? offset : offset + token.length;
    const last = open.at(-1);
    if (isUnclosedQuote(token) || (isOverLines(token) && isSoonAfter(text, end, errorAt))) return quote(token, offset);
    if (token in CLOSING) open.push({ offset, sign: token });
    else if (last && (token === FLOW_END || token === "]" || token === "}")) {
      if (token !== CLOSING[last.sign]) return bracket(last);
      open.pop();
    }
    offset = end;
  }
  const last = open.at(-1);
  return last && bracket(last);
}

function isQuoted(token: string): boolean {
  return token.startsWith('"') || token.startsWith("'");
}

function isUnclosedQuote(token: string): boolean {
  return isQuoted(token) && (token.length === 1 || !token.endsWith(token.charAt(0)));
}

function isOverLines(token: string): boolean {
  return isQuoted(token) && token.includes("\n");
}

/** Whether YAML complains on the line on which a text over several lines ended: then it ended at another text's quote. */
function isSoonAfter(text: string, end: number, errorAt: number): boolean {
  return errorAt >= end && !text.slice(end, errorAt).includes("\n");
}

function quote(token: string, offset: number): Unclosed {
  return { offset, message: `the quote ${token.charAt(0)} is not closed`, hint: "close it where the text ends" };
}

function bracket({ offset, sign }: { offset: number; sign: string }): Unclosed {
  return { offset, message: `the bracket ${sign} is not closed`, hint: `close it with ${CLOSING[sign]}` };
}
