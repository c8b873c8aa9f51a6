import { errorText, type Logger } from "@sluice/core";

interface Trouble {
  readonly text: string;
  readonly delay: number;
  readonly until: number;
  /** Size of a packed file that cannot be unpacked: only a change of it can help. */
  readonly brokenAt: number | undefined;
}

const LONGEST_MS = 10_000;

/** Files that could not be opened or read: each failure is logged once and tried again with growing pauses. */
export class Troubles {
  readonly #byFile = new Map<string, Trouble>();
  readonly #log: Logger;
  readonly #firstDelay: number;
  #saidShortage = false;

  constructor(log: Logger, firstDelay: number) {
    this.#log = log;
    this.#firstDelay = firstDelay;
  }

  /** Whether the file, which has this size now, may be tried. */
  mayTry(key: string, size: number): boolean {
    const trouble = this.#byFile.get(key);
    if (!trouble) return true;
    return trouble.brokenAt === undefined ? trouble.until <= performance.now() : trouble.brokenAt !== size;
  }

  /** Whether a file could not be opened for lack of file descriptors; such files may be tried again at once then. */
  takeShortage(): boolean {
    const short = [...this.#byFile].filter(([, { text }]) => text === "");
    for (const [key] of short) this.#byFile.delete(key);
    return short.length > 0;
  }

  failed(key: string, path: string, error: unknown, size: number): void {
    const text = errorText(error);
    const last = this.#byFile.get(key);
    const shortage = isShortage(error);
    const delay = last && !shortage ? Math.min(last.delay * 2, LONGEST_MS) : this.#firstDelay;
    const brokenAt = isUnpackError(error) ? size : undefined;
    this.#byFile.set(key, { text: shortage ? "" : text, delay, until: performance.now() + delay, brokenAt });
    if (shortage) this.#short(text);
    else if (last?.text !== text) this.#log.warn({ path, error: text }, "cannot read this file; it is tried again");
  }

  /** A shortage concerns all files alike: it is not said for each, and passes as soon as others are closed. */
  #short(text: string): void {
    if (this.#saidShortage) return;
    this.#saidShortage = true;
    this.#log.warn({ error: text }, "too few file descriptors: files are opened in turn; raise the limit (ulimit -n)");
  }

  over(key: string, path: string): void {
    const last = this.#byFile.get(key);
    if (!last) return;
    this.#byFile.delete(key);
    if (last.text !== "") this.#log.info({ path }, "this file can be read again");
  }
}

/** Whether an error says that the process or the system has no file descriptor left. */
export function isShortage(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EMFILE" || code === "ENFILE";
}

/** Whether an error came from unpacking, and not from the system. */
function isUnpackError(error: unknown): boolean {
  return /^(?:Z_|ZSTD_)/.test(String((error as NodeJS.ErrnoException).code));
}
