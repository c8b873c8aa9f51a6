import { resolve } from "node:path";
import { errorText } from "@sluice/core";
import { eachScalar, type LocatedNode, type ScalarNode } from "./node.ts";
import type { Position, Problems } from "./problem.ts";
import { type Part, parseTemplate, type Reference, TemplateError } from "./template.ts";

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where `${…}` finds its values. */
export interface ValueSources {
  readonly env: Environment;
  readonly baseDir: string;
  /** Reads a whole file as text; rejects when it cannot. */
  readonly readText: (path: string) => Promise<string>;
}

interface Task {
  readonly scalar: ScalarNode;
  readonly parts: readonly Part[];
}

/**
 * Replaces `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, `${file:path}` and `$$` in all string values of a tree. It
 * works on values that are parsed already, so that nothing a variable holds can become structure.
 */
export async function interpolate(root: LocatedNode, sources: ValueSources, problems: Problems): Promise<void> {
  const tasks: Task[] = [];
  eachScalar(root, (scalar) => {
    const parts = readTemplate(scalar, problems);
    if (parts) tasks.push({ scalar, parts });
  });
  const files = await readFiles(tasks, sources, problems);
  for (const { scalar, parts } of tasks) {
    scalar.written = String(scalar.value);
    scalar.value = render(parts, scalar, { env: sources.env, files, problems });
    scalar.interpolated = parts.some((part) => typeof part !== "string");
  }
}

function readTemplate(scalar: ScalarNode, problems: Problems): readonly Part[] | undefined {
  if (typeof scalar.value !== "string" || !scalar.value.includes("$")) return undefined;
  try {
    return parseTemplate(scalar.value);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    problems.error(placeIn(scalar, error.offset), error.message, "a dollar sign itself is written $$");
    scalar.failed = true;
    return undefined;
  }
}

interface RenderContext {
  readonly env: Environment;
  /** Texts of the secret files that could be read, by path as written. */
  readonly files: ReadonlyMap<string, string>;
  readonly problems: Problems;
}

function render(parts: readonly Part[], scalar: ScalarNode, context: RenderContext): string {
  const texts = parts.map((part) =>
    typeof part === "string" ? part : valueOf(part.reference, scalar, placeIn(scalar, part.offset), context),
  );
  return texts.join("");
}

function valueOf(reference: Reference, scalar: ScalarNode, at: Position, context: RenderContext): string {
  if (reference.kind === "file") {
    const text = context.files.get(reference.path);
    scalar.failed ||= text === undefined;
    return text ?? "";
  }
  const { name, fallback } = reference;
  const value = Object.hasOwn(context.env, name) ? context.env[name] : undefined;
  // As in a shell, `:-` and `:?` take an empty variable for an unset one.
  if (value !== undefined && (value !== "" || !fallback)) return value;
  if (fallback?.kind === "default") return render(fallback.parts, scalar, context);
  const message = fallback?.text || `the environment variable ${name} is not set`;
  const hint = fallback?.text ? `set ${name}` : `set it, or write \${${name}:-default}`;
  context.problems.error(at, message, hint);
  scalar.failed = true;
  return "";
}

async function readFiles(tasks: readonly Task[], sources: ValueSources, problems: Problems) {
  const files = new Map<string, string>();
  for (const { scalar, parts } of tasks) {
    for (const [path, offset] of filesIn(parts)) {
      if (files.has(path)) continue;
      try {
        const text = (await sources.readText(resolve(sources.baseDir, path))).replace(/\r?\n$/, "");
        problems.hide(text);
        files.set(path, text);
      } catch (error) {
        const hint = "the path is taken from the directory of the pipeline file";
        problems.error(placeIn(scalar, offset), `cannot read ${path}: ${errorText(error)}`, hint);
      }
    }
  }
  return files;
}

function filesIn(parts: readonly Part[]): [path: string, offset: number][] {
  return parts.flatMap((part): [string, number][] => {
    if (typeof part === "string") return [];
    if (part.reference.kind === "file") return [[part.reference.path, part.offset]];
    const { fallback } = part.reference;
    return fallback?.kind === "default" ? filesIn(fallback.parts) : [];
  });
}

/** The place of an offset in a scalar's text, or of the scalar where the file does not have the text as it is. */
export function placeIn(scalar: ScalarNode, offset: number): Position {
  if (!scalar.textAt) return scalar.at;
  return { line: scalar.textAt.line, column: scalar.textAt.column + offset };
}
