import { type BatchOrigin, formatInstant, type SinkState } from "@sluice/core";
import { type KeyParts, type KeyTemplate, keyTemplate, pieceName } from "./key-template.ts";
import type { S3Options } from "./options.ts";

const NOTE = "pieces:";
/** Directories whose last piece is remembered; of others the store is asked. */
const REMEMBERED = 1000;
const SUFFIXES = { gzip: ".gz", zstd: ".zst", none: "" } as const;
const POSITION_DIGITS = 10;

export interface NamerParts {
  readonly options: S3Options;
  readonly pipeline: string;
  readonly host: string;
  readonly state: SinkState;
  /** Whether the store has something at a key. */
  readonly exists: (key: string) => Promise<boolean>;
}

/** Names new objects. */
export class Namer {
  readonly template: KeyTemplate;
  readonly #parts: NamerParts;

  constructor(parts: NamerParts) {
    this.#parts = parts;
    this.template = keyTemplate(parts.options.key);
  }

  /** Key of the object for events of a time, in a cut that begins with a batch. */
  async keyFor(first: BatchOrigin, time: string): Promise<string> {
    const { options, pipeline, host, state } = this.#parts;
    const { prefix, format, compression } = options;
    const ext = (format === "ndjson" ? "ndjson" : "log") + SUFFIXES[compression];
    const place = first.from.toString(16).padStart(POSITION_DIGITS, "0");
    // After its state was lost the same input is stored again, cut otherwise: under the same keys it would replace objects
    // of which the rest may never come.
    const position = [first.streamId, place, ...(state.lost === undefined ? [] : [state.lost])].join("-");
    const parts = { prefix, pipeline, host, source: first.source, position, piece: "", ext };
    const full = time || formatInstant(first.now);
    return this.template.numbered ? this.#nextPiece(parts, full) : this.template.render(parts, full);
  }

  async #nextPiece(parts: KeyParts, time: string): Promise<string> {
    const { state, exists } = this.#parts;
    const directory = NOTE + this.template.render(parts, time);
    const nth = (n: number) => this.template.render({ ...parts, piece: pieceName(n) }, time);
    let next = state.notes().get(directory) as number | undefined;
    if (next === undefined) {
      for (next = 0; await exists(nth(next)); ) next++;
    }
    state.setNote(directory, next + 1);
    this.#forgetOld();
    return nth(next);
  }

  #forgetOld(): void {
    const { state } = this.#parts;
    const pieces = [...state.notes().keys()].filter((name) => name.startsWith(NOTE)).sort();
    for (const name of pieces.slice(0, -REMEMBERED)) state.setNote(name, undefined);
  }
}
