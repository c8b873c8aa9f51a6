import type { Stats } from "node:fs";
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

/** How much of what was to be appended is. */
export interface Progress {
  /** Bytes. */
  written: number;
}

const NEWLINE = 0x0a;

/** A file that is moved away when it is large or old enough. */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  readonly #file: LineFile;
  #tending: Promise<void> = Promise.resolve();

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    this.#file = new LineFile(options);
  }

  /**
   * Appends complete lines, in pieces where they would make the file larger than it may be. Each piece is written whole
   * or not at all; `progress` tells how many bytes are, also when this rejects: given again, the lines go on there.
   */
  async append(bytes: Uint8Array, progress: Progress): Promise<void> {
    await this.#rotateIfDue();
    while (progress.written < bytes.length) {
      const rest = bytes.subarray(progress.written);
      const room = await this.#roomFor(rest);
      const piece = rest.subarray(0, wholeLines(rest, room));
      await this.#file.append(piece);
      progress.written += piece.length;
    }
  }

  /** Rotates what is due though nothing is written, and does what is due to rotated files. */
  async tend(): Promise<void> {
    await this.#rotateIfDue();
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

  /** When a new span of time has begun. */
  async #rotateIfDue(): Promise<void> {
    const { path, maxAge } = this.#options;
    if (maxAge === undefined) return;
    const info = await filled(path);
    if (info && spanOf(info.mtimeMs, maxAge) !== spanOf(Date.now(), maxAge)) await this.#rotate();
  }

  /** Bytes that the file may still grow by. One without room for the first line is moved away, and a new one begun. */
  async #roomFor(lines: Uint8Array): Promise<number> {
    const { path, maxSize } = this.#options;
    if (maxSize === undefined) return lines.length;
    const size = (await filled(path))?.size ?? 0;
    if (size === 0 || size + lines.indexOf(NEWLINE) + 1 <= maxSize) return maxSize - size;
    await this.#rotate();
    return maxSize;
  }

  async #rotate(): Promise<void> {
    await this.#file.close();
    await moveAway(this.#options.path, Date.now());
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

/** What is known of a regular file that holds something. */
async function filled(path: string): Promise<Stats | undefined> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() && info.size > 0 ? info : undefined;
}

/** Bytes of as many whole lines as there is room for, of the first one at least. */
function wholeLines(lines: Uint8Array, room: number): number {
  if (lines.length <= room) return lines.length;
  const end = lines.lastIndexOf(NEWLINE, room - 1) + 1;
  return end > 0 ? end : lines.indexOf(NEWLINE) + 1 || lines.length;
}

/** Number of the span of local time that holds an instant. */
function spanOf(ms: number, length: number): number {
  const offset = new Date(ms).getTimezoneOffset() * 60_000;
  return Math.floor((ms - offset) / length);
}
