import { type Framing, type ProgramInput, type ProgramOutput, SluiceError } from "@sluice/core";

/** How an attempt at a batch ended without a result. */
export type Mishap = "hang" | "crash" | "error";

/** Attempts at one batch after which its records are no longer looked at one by one. */
const MAX_SINGLE_SKIPS = 8;

/** One batch on its way through the program. */
export class Job {
  readonly id: number;
  /** Worker that has to do it, or undefined for any. */
  readonly pinned: number | undefined;
  /** Size of the batch. */
  readonly bytes: number;
  readonly resolve: (output: ProgramOutput) => void;
  readonly reject: (error: Error) => void;
  /** Must not run without a timeout any more. */
  guarded = false;
  #data: Uint8Array<ArrayBuffer> | undefined;
  readonly #input: ProgramInput;
  readonly #skip: Set<number>;
  #mishaps = 0;
  #skippedAll = false;

  constructor(
    id: number,
    input: ProgramInput,
    pinned: number | undefined,
    resolve: (output: ProgramOutput) => void,
    reject: (error: Error) => void,
  ) {
    this.id = id;
    this.pinned = pinned;
    this.resolve = resolve;
    this.reject = reject;
    this.#input = input;
    this.#data = input.data;
    this.bytes = input.data.length;
    this.#skip = new Set(input.skip);
  }

  /** The batch's own bytes, the first time; they are gone once a worker has them. */
  takeData(): Uint8Array<ArrayBuffer> | undefined {
    const data = this.#data;
    this.#data = undefined;
    return data;
  }

  /** The input of the next attempt. */
  input(data: Uint8Array<ArrayBuffer>): ProgramInput {
    const { stream, framing, now, watch } = this.#input;
    const input = { stream, framing, now, data, ...(watch && this.#mishaps === 0 && { watch }) };
    return this.#skip.size > 0 ? { ...input, skip: [...this.#skip] } : input;
  }

  /**
   * Decides what the next attempt leaves unparsed: nothing after a first crash, which may be another's fault; then the
   * record at work; when that does not help, all of them. Returns an error when that has failed, too.
   */
  afterMishap(mishap: Mishap, record: number, data: Uint8Array, why: string): SluiceError | undefined {
    this.#mishaps++;
    this.guarded = true;
    const lookedAt = record < 0 && this.#input.watch !== undefined;
    if ((mishap === "crash" || lookedAt) && this.#mishaps === 1) return undefined;
    if (record >= 0 && !this.#skip.has(record) && this.#mishaps <= MAX_SINGLE_SKIPS) {
      this.#skip.add(record);
      return undefined;
    }
    if (this.#skippedAll) return this.#hopeless(why);
    this.#skippedAll = true;
    for (let i = recordCount(this.#input.framing, data) - 1; i >= 0; i--) this.#skip.add(i);
    return undefined;
  }

  #hopeless(why: string): SluiceError {
    const { stream, framing } = this.#input;
    const at = framing.kind === "lines" ? framing.base : framing.positions[0];
    return new SluiceError("SLUICE_WORKER", `the batch of ${stream.id} at ${at} cannot be processed: ${why}`, {
      hint: "its position was not moved; report this with the pipeline file and that part of the input",
    });
  }
}

function recordCount(framing: Framing, data: Uint8Array): number {
  if (framing.kind === "records") return framing.starts.length;
  let lines = 0;
  for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, at + 1)) lines++;
  return data.at(-1) === 10 || data.length === 0 ? lines : lines + 1;
}
