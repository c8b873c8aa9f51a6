import { RotatingFile, type RotatingFileOptions } from "./rotating-file.ts";

/** Files by path, a bounded number of them open. */
export class OpenFiles {
  readonly #max: number;
  readonly #optionsFor: (path: string) => RotatingFileOptions;
  readonly #files = new Map<string, RotatingFile>();

  constructor(max: number, optionsFor: (path: string) => RotatingFileOptions) {
    this.#max = max;
    this.#optionsFor = optionsFor;
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** The file of a path; the one not used for longest is closed when there are too many. */
  async get(path: string): Promise<RotatingFile> {
    const file = this.#files.get(path) ?? new RotatingFile(this.#optionsFor(path));
    this.#files.delete(path);
    this.#files.set(path, file);
    const [oldest] = this.#files;
    if (this.#files.size > this.#max && oldest) {
      this.#files.delete(oldest[0]);
      await oldest[1].close();
    }
    return file;
  }

  async tend(): Promise<void> {
    for (const file of this.#files.values()) await file.tend();
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
    this.#files.clear();
  }
}
