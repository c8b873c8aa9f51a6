import { type JsonObject, readJsonObject } from "@sluice/core";

const NEWLINE = 10;
/** A longer line is no event: it is skipped. */
const LONGEST_LINE = 4 * 1024 * 1024;

export interface JsonLine {
  readonly value: JsonObject;
  /** The line as it came: numbers beyond 2^53 are exact only here. */
  readonly text: string;
}

/** Cuts a body into lines of JSON, whatever the borders of its chunks. Never throws; what is no JSON object is left out and counted. */
export class JsonLineSplitter {
  #rest: Buffer[] = [];
  #length = 0;
  #skipping = false;
  #skipped = 0;

  push(chunk: Buffer): JsonLine[] {
    const lines: JsonLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      const line = this.#take();
      if (line) lines.push(line);
      else this.#skipped++;
      start = end + 1;
    }
    this.#keep(Buffer.from(chunk.subarray(start)));
    return lines;
  }

  /** How many lines were left out since this was asked last: no JSON object, or longer than 4 MiB. */
  takeSkipped(): number {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return skipped;
  }

  #keep(piece: Buffer): void {
    if (this.#length + piece.length > LONGEST_LINE) {
      this.#skipping = true;
      this.#rest = [];
      this.#length = 0;
    }
    if (this.#skipping || piece.length === 0) return;
    this.#rest.push(piece);
    this.#length += piece.length;
  }

  #take(): JsonLine | null {
    const text = Buffer.concat(this.#rest).toString("utf8");
    const skipped = this.#skipping;
    this.#rest = [];
    this.#length = 0;
    this.#skipping = false;
    return skipped ? null : parsed(text);
  }
}

function parsed(text: string): JsonLine | null {
  const value = readJsonObject(text);
  return value && { value, text };
}

/** The lines of a body, as they come. */
export async function* jsonLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<JsonLine> {
  const splitter = new JsonLineSplitter();
  for await (const chunk of body) yield* splitter.push(Buffer.from(chunk));
}
