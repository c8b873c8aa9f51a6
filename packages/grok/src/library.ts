import { compileExpression } from "./compile.ts";
import type { PatternPlace } from "./errors.ts";
import type { Grok } from "./grok.ts";
import { type Definition, readDefinitions } from "./pattern-file.ts";

export interface CompileOptions {
  /** False: `%{WORD}` without a name captures as `WORD`. Default true, as in Logstash. */
  readonly namedOnly?: boolean;
  /** Where the expression is written, for errors. Default `expression`. */
  readonly place?: PatternPlace;
}

/** Named patterns. Adding is cheap: a pattern is read only when an expression uses it. */
export class PatternLibrary {
  private readonly definitions = new Map<string, Definition>();
  private readonly compiled = new Map<string, Grok>();

  /** Adds the patterns of a Logstash pattern file; later definitions of a name replace earlier ones. */
  addFile(text: string, fileName: string): void {
    for (const definition of readDefinitions(text, fileName)) this.definitions.set(definition.name, definition);
    this.compiled.clear();
  }

  /** Adds one pattern; `where` is its origin for errors. */
  add(name: string, source: string, where = "inline"): void {
    this.definitions.set(name, { name, source, place: { origin: where } });
    this.compiled.clear();
  }

  has(name: string): boolean {
    return this.definitions.has(name);
  }

  names(): string[] {
    return [...this.definitions.keys()];
  }

  /** A pattern as written, nothing expanded. */
  source(name: string): string | undefined {
    return this.definitions.get(name)?.source;
  }

  /**
   * Compiles an expression such as `%{IP:client} %{WORD}`. Throws GrokError when a pattern is missing, contains itself
   * or is no valid expression.
   */
  compile(expression: string, options: CompileOptions = {}): Grok {
    const namedOnly = options.namedOnly ?? true;
    const key = `${namedOnly}${expression}`;
    const known = this.compiled.get(key);
    if (known) return known;
    const grok = compileExpression(expression, {
      namedOnly,
      place: options.place ?? { origin: "expression" },
      lookup: (name) => this.definitions.get(name),
      names: () => this.definitions.keys(),
    });
    this.compiled.set(key, grok);
    return grok;
  }
}
