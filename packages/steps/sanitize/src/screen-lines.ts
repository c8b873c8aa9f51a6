import type { LiteralFinder } from "@sluice/literals";

/** Lines of which the decoded text lies in the finder's memory, one behind the other. */
export class DecodedLines {
  /** Where each line begins in the data. */
  readonly #lines: number[] = [];
  /** Where its text begins and ends. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #again: boolean[] = [];
  readonly #finder: LiteralFinder;
  #length = 0;

  constructor(finder: LiteralFinder) {
    this.#finder = finder;
  }

  /** Bytes that the texts take up. */
  get length(): number {
    return this.#length;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  clear(): void {
    this.#lines.length = 0;
    this.#starts.length = 0;
    this.#ends.length = 0;
    this.#again.length = 0;
    this.#length = 0;
  }

  /** Decodes a part of the text for a level behind what was decoded to the next one: the line that begins at `line`. */
  add(line: number, level: number, start: number, end: number): void {
    const to = this.#finder.decode(level, start, end, this.#length);
    if (to < 0) return;
    this.#lines.push(line);
    this.#starts.push(this.#length);
    this.#ends.push(to);
    this.#again.push(this.#finder.decodesAgain);
    this.#length = to + 1;
  }

  /** Decodes once more those that are left and have escapes still. */
  decodeAgain(level: number, isLeft: (line: number) => boolean): void {
    const before = this.#lines.map((line, i) => ({
      line,
      start: this.#starts[i] as number,
      end: this.#ends[i] as number,
      again: this.#again[i] as boolean,
    }));
    this.clear();
    for (const { line, start, end, again } of before) if (again && isLeft(line)) this.add(line, level, start, end);
  }

  /** The number of the line that a place in the texts belongs to. */
  find(at: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  line(index: number): number {
    return this.#lines[index] as number;
  }

  start(index: number): number {
    return this.#starts[index] as number;
  }

  end(index: number): number {
    return this.#ends[index] as number;
  }
}
