/** Something wrong with a pipeline file, at a place. `error` keeps it from running, `warning` does not. */
export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly message: string;
  /** What to do. */
  readonly hint?: string;
  readonly severity: "error" | "warning";
}

/** `file:line:column: message (hint)`; warnings say so. */
export function formatProblem({ file, line, column, message, hint, severity }: Problem): string {
  const prefix = severity === "warning" ? "warning: " : "";
  return `${file}:${line}:${column}: ${prefix}${message}${hint ? ` (${hint})` : ""}`;
}

/** A place in a file, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Collects the problems of one file; values that came from secret files never appear in them. */
export class Problems {
  readonly list: Problem[] = [];
  readonly file: string;
  /** Texts that are shown as `***`. */
  readonly secrets: string[] = [];

  constructor(file: string) {
    this.file = file;
  }

  error(at: Position, message: string, hint?: string): void {
    this.#add(at, message, hint, "error");
  }

  warn(at: Position, message: string, hint?: string): void {
    this.#add(at, message, hint, "warning");
  }

  /** From now on the text is not shown; one of a few letters would hide half of every message. */
  hide(secret: string): void {
    if (secret.length >= 4) this.secrets.push(secret);
  }

  get hasErrors(): boolean {
    return this.list.some((problem) => problem.severity === "error");
  }

  /** In the order of the file, each once. */
  sorted(): Problem[] {
    const unique = new Map(this.list.map((problem) => [formatProblem(problem), problem]));
    return [...unique.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  #add({ line, column }: Position, message: string, hint: string | undefined, severity: Problem["severity"]): void {
    const problem = { file: this.file, line, column, message: this.#mask(message), severity };
    this.list.push(hint === undefined ? problem : { ...problem, hint: this.#mask(hint) });
  }

  #mask(text: string): string {
    const masked = this.secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
    return printable(masked);
  }
}

const MAX_LENGTH = 500;

/** One line of bounded length without control characters: parts of it come from the file. */
function printable(text: string): string {
  const line = text.replace(/\s*\r?\n\s*(?=\S)/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}
