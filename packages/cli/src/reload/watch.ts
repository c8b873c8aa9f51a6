import { stat } from "node:fs/promises";
import { findPipelineFiles } from "@sluice/config";
import { errorText } from "@sluice/core";

/** Milliseconds between looks. */
const LOOK_MS = 500;
/** Stands for the list of files that the command line names. */
const LIST = "";
/** A file that was written while it was read. */
const UNSURE = "unsure";

type Stamps = ReadonlyMap<string, string>;

/**
 * Watches files by looking at them twice a second: that sees what editors, `mv`, ConfigMaps and network file systems do,
 * each of which the kernel's events miss in its own way.
 */
export class FileWatch {
  readonly #paths: readonly string[];
  readonly #onChange: () => void;
  /** Files that are read besides those which the paths name: secrets, grok patterns, certificates. */
  #inputs: readonly string[] = [];
  #known: Stamps = new Map();
  #before: Stamps = new Map();
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /**
   * @param paths files, directories and globs of the command line
   * @param onChange called when something has changed and has been left alone since the last look
   */
  constructor(paths: readonly string[], onChange: () => void) {
    this.#paths = paths;
    this.#onChange = onChange;
  }

  /**
   * Call it before the files are read, and what it returns with the names of those that were: what changes from then on is
   * news.
   */
  async mark(): Promise<(inputs: readonly string[]) => Promise<void>> {
    const began = Date.now();
    this.#known = await this.#look();
    return async (inputs) => {
      this.#inputs = inputs;
      const known = new Map(this.#known);
      for (const file of inputs) if (!known.has(file)) known.set(file, await stampOf(file, began));
      this.#known = known;
    };
  }

  /** Begins to watch. */
  start(): void {
    this.#timer = setTimeout(() => void this.#tick(), LOOK_MS);
  }

  stop(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  async #tick(): Promise<void> {
    const now = await this.#look();
    const isSettled = isSame(now, this.#before);
    this.#before = now;
    if (isSettled && !isSame(now, this.#known)) {
      this.#known = now;
      this.#onChange();
    }
    if (!this.#ended) this.start();
  }

  async #look(): Promise<Stamps> {
    const files = await findPipelineFiles(this.#paths).catch((error: unknown) => [errorText(error)]);
    const stamps = new Map([[LIST, files.join("\n")]]);
    for (const file of this.#inputs) stamps.set(file, await stampOf(file));
    return stamps;
  }
}

/** Changes with every change of the file. */
async function stampOf(file: string, unlessSince = Number.POSITIVE_INFINITY): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(file, { bigint: true });
    return Number(ctimeMs) >= unlessSince ? UNSURE : `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  }
}

function isSame(a: Stamps, b: Stamps): boolean {
  return a.size === b.size && [...a].every(([file, stamp]) => b.get(file) === stamp);
}
