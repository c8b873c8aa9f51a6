import { type Document, isScalar, Lexer, LineCounter, parseAllDocuments, type YAMLError } from "yaml";
import { convertDocument } from "./convert.ts";
import type { LocatedNode } from "./node.ts";
import type { Position, Problems } from "./problem.ts";
import { findUnclosed } from "./unclosed.ts";

/** Flow collections nested deeper than this are refused before the parser recurses into them. */
const MAX_DEPTH = 100;
/** A broken file gives one cause and many consequences: more than this helps nobody. */
const MAX_SYNTAX_ERRORS = 10;

const START: Position = { line: 1, column: 1 };

/** Parses YAML 1.2 (and so JSON) to nodes with places. Undefined when that failed; the problems say why. */
export function parseYaml(text: string, problems: Problems): LocatedNode | undefined {
  if (nestsTooDeep(text)) {
    problems.error(START, `collections are nested more than ${MAX_DEPTH} deep`);
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseOne(text, lines, problems);
  if (!document) return undefined;
  const place = (offset: number): Position => placeOf(lines, offset);
  reportErrors([...document.errors, ...document.warnings], text, place, problems);
  if (problems.hasErrors) return undefined;
  return convertDocument(document, text, place, problems);
}

function parseOne(text: string, lines: LineCounter, problems: Problems): Document.Parsed | undefined {
  // Integers come as BigInt, so that one beyond 2^53 is noticed instead of rounded.
  const options = {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    intAsBigInt: true,
    version: "1.2",
  } as const;
  const documents = [...parseAllDocuments(text, options)] as Document.Parsed[];
  const [first, second] = documents;
  const content: unknown = first?.contents ?? null;
  if (!first || (first.errors.length === 0 && (content === null || (isScalar(content) && content.value === null)))) {
    problems.error(START, "the file is empty", "a pipeline has sources, steps and sinks");
    return undefined;
  }
  if (second && first.errors.length === 0) {
    const hint = "one pipeline a file: put it into a file of its own";
    problems.error(placeOf(lines, second.range[0]), "a second YAML document", hint);
    return undefined;
  }
  return first;
}

function reportErrors(
  errors: readonly YAMLError[],
  text: string,
  place: (offset: number) => Position,
  problems: Problems,
): void {
  // A bare `${VAR}` inside of brackets starts a map there: one slip, many complaints.
  const bare = errors.find(({ pos }) => text.startsWith("${", pos[0] - 1));
  if (bare) {
    problems.error(place(bare.pos[0] - 1), "`${` inside of [ ] or { } must be in quotes", "write '${VAR}'");
    return;
  }
  const open = errors.length > 0 ? findUnclosed(text, Math.min(...errors.map(({ pos }) => pos[0]))) : undefined;
  if (open) {
    problems.error(place(open.offset), open.message, open.hint);
    return;
  }
  for (const error of errors.slice(0, MAX_SYNTAX_ERRORS)) {
    problems.error(place(error.pos[0]), yamlMessage(error, text), HINTS[error.code]);
  }
}

function nestsTooDeep(text: string): boolean {
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") depth++;
    else if (token === "]" || token === "}") depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

function placeOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

const HINTS: Partial<Record<YAMLError["code"], string>> = {
  TAB_AS_INDENT: "indent with spaces",
  BAD_SCALAR_START: "put the text into quotes",
  BLOCK_AS_IMPLICIT_KEY: "text with a colon and a space needs quotes",
  BAD_DQ_ESCAPE: "in double quotes a backslash is written \\\\; single quotes take it as it is",
  TAG_RESOLVE_FAILED: "tags are not used in pipeline files",
};

function yamlMessage(error: YAMLError, text: string): string {
  if (error.code === "DUPLICATE_KEY") return `duplicate key \`${keyAt(text, error.pos[0])}\``;
  if (error.message.startsWith("Maximum call stack")) return "collections are nested too deep";
  return error.message.charAt(0).toLowerCase() + error.message.slice(1);
}

function keyAt(text: string, offset: number): string {
  return (
    /^"([^"]*)"|^'([^']*)'|^([^:\n]*)/
      .exec(text.slice(offset, offset + 200))
      ?.slice(1)
      .join("")
      .trim() ?? ""
  );
}
