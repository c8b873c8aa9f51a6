import { GrokError, type PatternPlace, placeText } from "./errors.ts";
import { lean, refersToGroups } from "./lean.ts";
import type { Definition } from "./pattern-file.ts";
import { findReference, type Reference } from "./reference.ts";

/** Part of the expanded text that came out of one use of a pattern. Offsets are in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly definition: Definition;
}

export interface Expansion {
  /** Expression without any `%{}`; groups are still called `SYNTAX:SEMANTIC:TYPE`. */
  readonly text: string;
  /** Outer spans come after the spans they contain. */
  readonly spans: readonly Span[];
}

// Bounds that no real pattern comes near, so that a hostile file cannot fill the memory.
const MAX_REFERENCES = 10_000;
const MAX_LENGTH = 1 << 20;

/** Replaces every reference in an expression by what it stands for. Throws GrokError. */
export function expand(expression: string, options: ExpandOptions): Expansion {
  const expansion = new Expander(options, lean).run(expression);
  return refersToGroups(expansion.text) ? new Expander(options, (source) => source).run(expression) : expansion;
}

export interface ExpandOptions {
  readonly namedOnly: boolean;
  /** Where the expression is written. */
  readonly place: PatternPlace;
  readonly lookup: (name: string) => Definition | undefined;
  /** Every known name, for hints. */
  readonly names: () => Iterable<string>;
}

class Expander {
  private readonly local = new Map<string, Definition>();
  private readonly spans: Span[] = [];
  private readonly open: Definition[] = [];
  private out = "";
  private references = 0;
  private readonly options: ExpandOptions;
  private readonly rewrite: (source: string) => string;

  constructor(options: ExpandOptions, rewrite: (source: string) => string) {
    this.options = options;
    this.rewrite = rewrite;
  }

  run(expression: string): Expansion {
    this.append(this.rewrite(expression));
    return { text: this.out, spans: this.spans };
  }

  private append(source: string): void {
    let at = 0;
    for (let found = findReference(source, 0); found; found = findReference(source, at)) {
      this.out += source.slice(at, found.start);
      this.appendReference(found);
      at = found.end;
    }
    this.out += source.slice(at);
    if (this.out.length > MAX_LENGTH) throw this.tooLarge();
  }

  private appendReference(found: Reference): void {
    if (++this.references > MAX_REFERENCES) throw this.tooLarge();
    if (found.definition !== undefined) {
      const place = this.open.at(-1)?.place ?? this.options.place;
      this.local.set(found.pattern, { name: found.pattern, source: found.definition, place });
    }
    const definition = this.local.get(found.pattern) ?? this.options.lookup(found.pattern);
    if (!definition) throw this.missing(found.pattern);
    if (this.open.some((open) => open.name === definition.name)) throw this.recursive(definition);
    const captures = found.name !== found.pattern || !this.options.namedOnly;
    this.out += captures ? `(?<${found.name}>` : "(?:";
    const start = this.out.length;
    this.open.push(definition);
    this.append(this.rewrite(definition.source));
    this.open.pop();
    this.spans.push({ start, end: this.out.length, definition });
    this.out += ")";
  }

  /** The pattern that is being read, for messages. */
  private here(): { text: string; pattern?: string; place: PatternPlace } {
    const inner = this.open.at(-1);
    if (!inner) return { text: placeText(this.options.place), place: this.options.place };
    return { text: `${placeText(inner.place)}: in ${inner.name}`, pattern: inner.name, place: inner.place };
  }

  private missing(name: string): GrokError {
    const near = nearest(name, [...this.options.names(), ...this.local.keys()]);
    const hint = near ? `did you mean %{${near}}?` : "define it in a pattern file, or add the directory that has it";
    const { text, ...where } = this.here();
    return new GrokError(`${text}: pattern %{${name}} is not defined`, { hint, ...where });
  }

  private recursive(definition: Definition): GrokError {
    const from = this.open.findIndex((open) => open.name === definition.name);
    const chain = [...this.open.slice(from), definition].map((step) => step.name).join(" → ");
    return new GrokError(`${placeText(definition.place)}: pattern %{${definition.name}} contains itself: ${chain}`, {
      hint: "break the chain at one of these patterns; for nested text use an Oniguruma call such as \\g<name>",
      pattern: definition.name,
      place: definition.place,
    });
  }

  private tooLarge(): GrokError {
    const { text, ...where } = this.here();
    return new GrokError(
      `${text}: the expression becomes too large (over ${MAX_LENGTH} characters or ${MAX_REFERENCES} patterns)`,
      {
        hint: "a pattern used twice in a pattern used twice, and so on, doubles each time",
        ...where,
      },
    );
  }
}

/** The known name with the fewest edits to `name`, if they are few enough to be a slip. */
function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.min(3, Math.ceil(name.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= fewest) continue;
    const edits = editDistance(name.toUpperCase(), candidate.toUpperCase());
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same));
    }
    row = next;
  }
  return row[b.length]!;
}
