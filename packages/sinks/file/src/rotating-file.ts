import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { LineFile, type LineFileOptions } from "./line-file.ts";
import { moveAway, tendRotated, type Upkeep } from "./rotated-files.ts";

export interface RotatingFileOptions extends LineFileOptions {
  /** Bytes. */
  readonly maxSize: number | undefined;
  /** Milliseconds; spans begin at midnight of the local zone. */
  readonly maxAge: number | undefined;
  readonly upkeep: Upkeep;
  /** Told of what could not be done to rotated files; it is tried again. */
  readonly onTrouble: (error: unknown) => void;
}

/** A file that is moved away when it is large or old enough. */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  readonly #file: LineFile;
  #tending: Promise<void> = Promise.resolve();

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    this.#file = new LineFile(options);
  }

  /** Appends complete lines, all or nothing. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.#rotateIfDue(bytes.length);
    await this.#file.append(bytes);
  }

  /** Rotates what is due though nothing is written, and does what is due to rotated files. */
  async tend(): Promise<void> {
    if (this.#options.maxAge !== undefined) await this.#rotateIfDue(0);
    this.#tend();
    await this.#tending;
  }

  check(): Promise<void> {
    return this.#file.check();
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#tending;
  }

  async #rotateIfDue(more: number): Promise<void> {
    const { path, maxSize, maxAge } = this.#options;
    if (maxSize === undefined && maxAge === undefined) return;
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile() || info.size === 0) return;
    const now = Date.now();
    const isLarge = maxSize !== undefined && more > 0 && info.size + more > maxSize;
    const isOld = maxAge !== undefined && spanOf(info.mtimeMs, maxAge) !== spanOf(now, maxAge);
    if (!isLarge && !isOld) return;
    await this.#file.close();
    await moveAway(path, now);
    this.#tend();
  }

  /** In the background, one after the other: compressing must not hold up the next lines. */
  #tend(): void {
    const { path, upkeep, onTrouble } = this.#options;
    this.#tending = this.#tending
      .then(() => tendRotated(dirname(path), basename(path), upkeep, Date.now()))
      .catch(onTrouble);
  }
}

/** Number of the span of local time that holds an instant. */
function spanOf(ms: number, length: number): number {
  const offset = new Date(ms).getTimezoneOffset() * 60_000;
  return Math.floor((ms - offset) / length);
}
