import { isUtf8 } from "node:buffer";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** An event that the far end can never take. */
export interface DeadLetter {
  readonly frame: Uint8Array;
  readonly reason: string;
}

/** Where rejected frames go: NDJSON of `{time, pipeline, sink, reason, frame}`; binary ones as `frame_base64`. */
export class DeadLetterFile {
  readonly #path: string;
  readonly #origin: { readonly pipeline: string; readonly sink: string };
  #file: FileHandle | undefined;
  /** A write failed and may have left half a line. */
  #torn = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, origin: { readonly pipeline: string; readonly sink: string }) {
    this.#path = path;
    this.#origin = origin;
  }

  /** Resolves when the letters are on disk; rejects when they are not, then append them again. */
  append(letters: readonly DeadLetter[]): Promise<void> {
    const done = this.#last.then(() => this.#write(letters));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #write(letters: readonly DeadLetter[]): Promise<void> {
    this.#file ??= await openPrivate(this.#path);
    const time = new Date().toISOString();
    const lines = letters.map((letter) => `${JSON.stringify({ time, ...this.#origin, ...text(letter) })}\n`);
    const start = this.#torn ? "\n" : "";
    this.#torn = true;
    await this.#file.appendFile(start + lines.join(""));
    await this.#file.datasync();
    this.#torn = false;
  }
}

function text({ frame, reason }: DeadLetter): Record<string, string> {
  if (!isUtf8(frame)) return { reason, frame_base64: Buffer.from(frame).toString("base64") };
  return { reason, frame: Buffer.from(frame).toString("utf8") };
}

/** Opens for appending with mode 0640 whatever the umask; a file that exists keeps its mode. */
async function openPrivate(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  try {
    const created = await open(path, "ax", 0o640);
    await created.chmod(0o640);
    return created;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return open(path, "a");
  }
}
