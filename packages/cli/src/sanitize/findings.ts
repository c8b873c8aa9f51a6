import { WITHHELD } from "./finder.ts";
import type { Place } from "./place.ts";

const WITHHELD_TITLE = "could not be checked in its time";

/** What was found, and where; never the secret. */
export class Findings {
  /** How often each rule found something. */
  readonly counts: Record<string, number> = {};
  readonly #titles: ReadonlyMap<string, string>;
  #lines: string[] = [];
  #withheld: string[] = [];

  /** @param titles What the rules find, by name. */
  constructor(titles: ReadonlyMap<string, string>) {
    this.#titles = titles;
  }

  /** Enters a finding of a file. */
  add(file: string, rule: string, { line, column }: Readonly<Place>): void {
    this.counts[rule] = (this.counts[rule] ?? 0) + 1;
    const title = rule === WITHHELD ? WITHHELD_TITLE : this.#titles.get(rule);
    const text = `${file}:${line}:${column}: ${rule} (${title})\n`;
    this.#lines.push(text);
    if (rule === WITHHELD) this.#withheld.push(text);
  }

  get isEmpty(): boolean {
    return Object.keys(this.counts).length === 0;
  }

  /** Whether something could not be checked. */
  get isWithheld(): boolean {
    return this.counts[WITHHELD] !== undefined;
  }

  /** `file:line:column: rule (title)` of what was entered since the last call, a line each. */
  takeLines(): string {
    this.#withheld = [];
    return this.#lines.splice(0).join("");
  }

  /** The same, only of what could not be checked. */
  takeWithheld(): string {
    this.#lines = [];
    return this.#withheld.splice(0).join("");
  }
}
