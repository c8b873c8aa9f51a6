import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  type CreateContext,
  type EncodedBatch,
  type Encoder,
  errorText,
  type Logger,
  lineEncoder,
  type Sink,
  type SinkContext,
  type SinkDefinition,
  SluiceError,
} from "@sluice/core";
import { GelfEncoder } from "@sluice/sink-gelf/encoder";
import type { z } from "zod";
import { OpenFiles } from "./open-files.ts";
import { fileOptions } from "./options.ts";
import { type PathTemplate, pathTemplate } from "./path-template.ts";
import { rotatedPattern, tendFile, type Upkeep } from "./rotated-files.ts";
import type { Progress, RotatingFileOptions } from "./rotating-file.ts";
import { addressed, byPath } from "./routing.ts";

type FileOptions = z.output<typeof fileOptions>;

/** Lines in local files. */
export const fileSink: SinkDefinition<FileOptions, Sink> = {
  kind: "sink",
  type: "file",
  summary:
    "Appends events to files as NDJSON, GELF or raw lines; rotates, compresses and deletes them, or follows logrotate.",
  options: fileOptions,
  encoder({ format, path }, ctx) {
    const lines: Encoder = format === "gelf" ? new GelfEncoder(ctx.hostname, "\n") : lineEncoder(format, ctx.hostname);
    const template = pathTemplate(path);
    return template.fixed === null ? addressed(lines, template) : lines;
  },
  create(options, ctx) {
    warnOfIdle(options, ctx);
    return new FileSink(options, ctx.baseDir);
  },
};

/** Options that do nothing, as this sink never moves its file away, and its path has no time in it. */
function warnOfIdle({ path, rotate, retain, restrict_after: restrictAfter }: FileOptions, ctx: CreateContext): void {
  const key = retain !== undefined ? "retain" : restrictAfter !== undefined ? "restrict_after" : undefined;
  if (key === undefined || rotate !== undefined || pathTemplate(path).fixed === null) return;
  ctx.warn(`\`${key}\` has nothing to do: give \`rotate\` as well, or a time in \`path\` (app_{date}.log)`, path);
}

/** Milliseconds between looks at what is due though nothing is written. */
const TEND_MS = 60_000;

class FileSink implements Sink {
  readonly #options: FileOptions;
  readonly #baseDir: string;
  readonly #template: PathTemplate;
  readonly #upkeep: Upkeep;
  readonly #files: OpenFiles;
  /** What files have of a batch of which another part failed, by path. */
  readonly #done = new WeakMap<Uint8Array, Map<string, Progress>>();
  #log: Logger | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Writes and upkeep take turns. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: FileOptions, baseDir: string) {
    this.#options = options;
    this.#baseDir = baseDir;
    this.#template = pathTemplate(resolve(baseDir, options.path));
    const { compress: compression, retain, restrict_after: restrictAfter } = options;
    this.#upkeep = { compression, retain, restrictAfter };
    this.#files = new OpenFiles(options.max_open, (path) => this.#optionsFor(path));
  }

  async start({ log }: SinkContext): Promise<void> {
    this.#log = log;
    const { rotate, retain, restrict_after: restrictAfter } = this.#options;
    if (!rotate && retain === undefined && restrictAfter === undefined) return;
    await this.#inTurn(() => this.#tend());
    this.#timer = setInterval(() => void this.#inTurn(() => this.#tend()), TEND_MS);
    this.#timer.unref();
  }

  async write(batch: EncodedBatch): Promise<void> {
    await this.#inTurn(() => this.#write(batch));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#inTurn(() => this.#files.close());
  }

  async check(): Promise<void> {
    const path = this.#template.fixed ?? join(this.#template.root, "x");
    await this.#try("write", path, async () => (await this.#files.get(path)).check());
    await this.#files.close();
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #write(batch: EncodedBatch): Promise<void> {
    const { fixed } = this.#template;
    // Offered again, a batch must not come twice into the files that have it.
    const done = this.#done.get(batch.bytes) ?? new Map<string, Progress>();
    this.#done.set(batch.bytes, done);
    const parts =
      fixed === null ? byPath(batch, (path) => resolve(this.#baseDir, path)) : [[fixed, batch.bytes] as const];
    for (const [path, bytes] of parts) {
      const progress = done.get(path) ?? { written: 0 };
      done.set(path, progress);
      if (progress.written < bytes.length) await this.#append(path, bytes, progress);
    }
  }

  #append(path: string, bytes: Uint8Array, progress: Progress): Promise<void> {
    return this.#try("append to", path, async () => (await this.#files.get(path)).append(bytes, progress));
  }

  #optionsFor(path: string): RotatingFileOptions {
    const { mode, sync, format, rotate } = this.#options;
    return {
      path,
      mode,
      sync,
      maxSize: rotate?.size,
      maxAge: rotate?.age,
      upkeep: this.#upkeep,
      isTorn: (tail) => isTorn(tail, format),
      onTrouble: (error) => this.#warn(error),
    };
  }

  /** What is due to all files that the path can name: those of an earlier life as well. */
  async #tend(): Promise<void> {
    const { fixed, root, pattern } = this.#template;
    try {
      await this.#files.tend();
      if (fixed !== null) {
        if (!this.#files.has(fixed)) await (await this.#files.get(fixed)).tend();
        return;
      }
      for (const name of await readdir(root, { recursive: true }).catch(() => [] as string[])) {
        await this.#tendOther(name, root + name, pattern);
      }
    } catch (error) {
      this.#warn(error);
    }
  }

  async #tendOther(name: string, path: string, pattern: RegExp): Promise<void> {
    if (this.#files.has(path)) return;
    const own = name.replace(/\.\d{4}-\d\d-\d\dT\d{6}Z.*$/, "");
    const base = own.slice(own.lastIndexOf("/") + 1);
    const rotated = rotatedPattern(base).exec(name.slice(name.lastIndexOf("/") + 1));
    if (!pattern.test(own) || rotated?.groups?.["part"] !== undefined) return;
    const isPacked = !rotated || rotated.groups?.["ending"] !== undefined;
    await tendFile(path, isPacked ? { ...this.#upkeep, compression: "none" } : this.#upkeep, Date.now());
  }

  #warn(error: unknown): void {
    this.#log?.warn(
      { path: this.#options.path, error: errorText(error) },
      "rotated files could not be seen to; trying again",
    );
  }

  async #try(what: string, path: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (cause) {
      const hint = HINTS[(cause as { code?: string }).code ?? ""];
      const text = `cannot ${what} ${path}: ${errorText(cause)}`;
      throw new SluiceError("SLUICE_UNREACHABLE", text, { cause, ...(hint ? { hint } : {}) });
    }
  }
}

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "free space on this filesystem; nothing is lost, sluice waits",
  EDQUOT: "the quota of sluice's user is used up; nothing is lost, sluice waits",
  EACCES: "give sluice's user the right to write there",
  EROFS: "the filesystem is read-only; choose another path",
  EISDIR: "the path is a directory; name a file in it",
};

/** True for the start of a JSON line of ours; a raw line could be anyone's. */
function isTorn(tail: string, format: FileOptions["format"]): boolean {
  if (format === "raw" || !tail.startsWith('{"')) return false;
  try {
    JSON.parse(tail);
    return false;
  } catch {
    return true;
  }
}
