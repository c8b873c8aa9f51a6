import { Budget, TextWithheld } from "./budget.ts";
import { KeyLines, type Line } from "./key-lines.ts";
import type { Finding, Sanitizer } from "./sanitizer.ts";
import { WITHHELD } from "./withheld.ts";

/** A finding in a stream of lines. Both count from 1, the column in UTF-16 units of the line as it came. */
export interface LineFinding extends Pick<Finding, "rule" | "action"> {
  readonly line: number;
  readonly column: number;
}

export interface LineSanitizerOptions {
  /** Must have been created with `keepLineEnds`. */
  readonly sanitizer: Sanitizer;
  /** Lines before and after a line that rules may look at too. 0: each line stands for itself. Default 3. */
  readonly context?: number;
  /** Follow private keys over lines of which none shows that it is a part of one. Default true. */
  readonly privateKeys?: boolean;
  /** Milliseconds of CPU time for each begun 64 Ki characters. Default 50. */
  readonly budget?: number;
  readonly onFinding?: (finding: LineFinding) => void;
  /** Told of each line that could not be checked; `[withheld: …]` stands in its place. */
  readonly onWithheld?: (line: number) => void;
}

const DEFAULT_CONTEXT = 3;
const DEFAULT_BUDGET = 50;
const BUDGET_CHARS = 65_536;
/** What may be held back for a secret that does not end. */
const MAX_HELD = 1_048_576;
const LINE = /[^\n]*\n|[^\n]+$/g;

/**
 * Sanitizes a stream of lines: whole lines go in, lines come out, as many as went in unless the action is `drop`. The
 * last few are held back as context for what follows; {@link LineSanitizer.end} gives them out.
 *
 * Of a private key over several lines the first bears the replacement, and of the others only the line ends are left.
 */
export class LineSanitizer {
  readonly #options: LineSanitizerOptions;
  readonly #context: number;
  readonly #keys: KeyLines | undefined;
  /** Lines that have been given out and are context for those that follow. */
  #before: readonly Line[] = [];
  /** Lines that wait for their context. */
  #held: readonly Line[] = [];
  #count = 0;

  constructor(options: LineSanitizerOptions) {
    this.#options = options;
    this.#context = options.context ?? DEFAULT_CONTEXT;
    if (options.privateKeys === false) return;
    this.#keys = new KeyLines(options.sanitizer, (finding, [line, column]) =>
      options.onFinding?.({ ...finding, line, column }),
    );
  }

  /** Takes whole lines with their line ends and returns what is ready. */
  push(text: string): string {
    const lines = Array.from(text.matchAll(LINE), ([raw]) => this.#line(raw));
    if (this.#context === 0) return lines.map((line) => this.#alone(line)).join("");
    this.#held = [...this.#held, ...lines];
    return this.#giveOut(this.#context);
  }

  /** Returns what was held back. */
  end(): string {
    return this.#giveOut(0);
  }

  #line(raw: string): Line {
    this.#count++;
    return this.#keys?.next(raw) ?? { number: this.#count, text: raw, shift: 0 };
  }

  #giveOut(holdBack: number): string {
    if (this.#held.length <= holdBack) return "";
    const lines = [...this.#before, ...this.#held];
    const first = this.#before.length;
    const block = new Block(lines);
    const findings = this.#find(block.text);
    const ready = findings === null ? lines.length : block.lineBefore(lines.length - holdBack, findings);
    const stuck = ready <= first;
    if (stuck && block.text.length < MAX_HELD) return "";
    const stop = stuck ? lines.length : ready;
    const output =
      findings === null
        ? this.#held.map((line) => this.#alone(line)).join("")
        : this.#rewrite(block, findings, first, stop);
    this.#before = lines.slice(Math.max(0, stop - this.#context), stop);
    this.#held = lines.slice(stop);
    return output;
  }

  /** Null: not within the time. */
  #find(text: string): readonly Finding[] | null {
    const share = Math.ceil((text.length + 1) / BUDGET_CHARS);
    try {
      return this.#options.sanitizer.find(text, new Budget(share * (this.#options.budget ?? DEFAULT_BUDGET)));
    } catch (error) {
      if (error instanceof TextWithheld) return null;
      throw error;
    }
  }

  #alone(line: Line): string {
    const findings = this.#find(line.text);
    if (findings !== null) return this.#rewrite(new Block([line]), findings, 0, 1);
    this.#options.onWithheld?.(line.number);
    return WITHHELD + (/\r?\n$/.exec(line.text)?.[0] ?? "");
  }

  /** The lines from `first` to before `stop` without what was found in them. */
  #rewrite(block: Block, findings: readonly Finding[], first: number, stop: number): string {
    const from = block.start(first);
    const to = block.start(stop);
    const parts: string[] = [];
    let at = from;
    for (const finding of block.expandDrops(findings)) {
      const start = Math.max(finding.start, at);
      const end = Math.min(finding.end, to);
      if (end <= start) continue;
      const replaced = this.#options.sanitizer.replacement(finding, block.text.slice(start, end));
      parts.push(block.text.slice(at, start), finding.action === "drop" ? "" : replaced);
      at = end;
    }
    for (const finding of findings) if (finding.start >= from && finding.start < to) this.#report(block, finding);
    return parts.join("") + block.text.slice(at, Math.max(at, to));
  }

  #report(block: Block, { rule, action, start }: Finding): void {
    const index = block.lineAt(start);
    const { number, shift } = block.lines[index] as Line;
    this.#options.onFinding?.({ rule, action, line: number, column: start - block.start(index) + shift + 1 });
  }
}

/** Neighbouring lines as one text. */
class Block {
  readonly lines: readonly Line[];
  readonly text: string;
  readonly #starts: readonly number[];

  constructor(lines: readonly Line[]) {
    this.lines = lines;
    this.text = lines.map(({ text }) => text).join("");
    const starts = [0];
    for (const { text } of lines) starts.push((starts.at(-1) as number) + text.length);
    this.#starts = starts;
  }

  /** Where a line starts; for one line too many, where the text ends. */
  start(line: number): number {
    return this.#starts[line] as number;
  }

  /** The line in which an offset lies. */
  lineAt(offset: number): number {
    let low = 0;
    let high = this.lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.start(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The last line, `line` or before it, at whose start no finding is cut. */
  lineBefore(line: number, findings: readonly Finding[]): number {
    let best = line;
    for (const { start, end } of findings.toReversed()) {
      if (start < this.start(best) && end > this.start(best)) best = this.lineAt(start);
    }
    return best;
  }

  /** What drops takes whole lines with it. */
  expandDrops(findings: readonly Finding[]): readonly Finding[] {
    const expanded: Finding[] = [];
    for (const finding of findings) {
      if (finding.action !== "drop") {
        expanded.push(finding);
        continue;
      }
      const start = this.start(this.lineAt(finding.start));
      const end = this.start(this.lineAt(finding.end - 1) + 1);
      while ((expanded.at(-1)?.start ?? -1) >= start) expanded.pop();
      expanded.push({ ...finding, start, end });
    }
    return expanded;
  }
}
