import { Buffer } from "node:buffer";
import { type Event, errorText, frameTexts, type LineBatch, type Logger, type SourceBatch } from "@sluice/core";
import { lineTexts } from "../process/line-texts.ts";
import { placeOf } from "./cursor.ts";
import { bytesOf, eventFields, type JournalEntry } from "./fields.ts";

/** Under which key the place in the journal is kept. */
export const STREAM_KEY = "journal";

/** Entries on their way into one batch. */
interface Gathered {
  readonly sequence: string;
  readonly texts: Buffer[];
  readonly numbers: number[];
  readonly fields: Event[];
  cursor: string;
}

/** What entries become. */
interface EntryOptions {
  readonly more: "all" | readonly string[];
  readonly maxMessage: number;
  readonly log: Logger;
}

/** Makes batches of the lines that `journalctl -o json` prints. */
export class EntryReader {
  readonly #options: EntryOptions;
  /** Cursor of the last entry that was read, or where reading is to begin. */
  cursor: string | undefined;

  constructor(options: EntryOptions, cursor: string | undefined) {
    this.#options = options;
    this.cursor = cursor;
  }

  /** The batches of whole lines. The entry at `cursor` is known already and is left out. */
  batches(lines: LineBatch): SourceBatch[] {
    const batches: SourceBatch[] = [];
    let gathered: Gathered | undefined;
    for (const { text, isCut, isWhole } of lineTexts(lines)) {
      // A last line without its end is half an entry: journalctl was ended in the middle of it.
      if (!isWhole) continue;
      const entry = isCut ? this.#tooLong() : this.#parse(text);
      const cursor = entry?.["__CURSOR"];
      if (entry === null || typeof cursor !== "string" || cursor === this.cursor) continue;
      const place = placeOf(cursor);
      if (place === null) {
        this.#options.log.warn({ cursor }, "a cursor of an unknown form: the entry is left out");
        continue;
      }
      if (gathered?.sequence !== place.sequence) {
        if (gathered) batches.push(batchOf(gathered));
        gathered = { sequence: place.sequence, texts: [], numbers: [], fields: [], cursor };
      }
      this.#add(gathered, entry, place.number);
      gathered.cursor = cursor;
      this.cursor = cursor;
    }
    if (gathered) batches.push(batchOf(gathered));
    return batches;
  }

  #tooLong(): null {
    this.#options.log.warn({}, "an entry of the journal is much longer than `max_message_bytes`; it is left out");
    return null;
  }

  #parse(line: string): JournalEntry | null {
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value === "object" && value !== null) return value as JournalEntry;
    } catch (error) {
      const what = { bytes: line.length, error: error instanceof SyntaxError ? "no JSON" : errorText(error) };
      this.#options.log.warn(what, "journalctl printed something that is no entry; it is left out");
    }
    return null;
  }

  #add(gathered: Gathered, entry: JournalEntry, number: number): void {
    const { more, maxMessage } = this.#options;
    const fields = eventFields(entry, more);
    let text = bytesOf(entry["MESSAGE"]);
    if (text.length > maxMessage) {
      text = text.subarray(0, characterStart(text, maxMessage));
      fields["tags"] = ["_line_cut"];
    }
    gathered.texts.push(text);
    gathered.numbers.push(number);
    gathered.fields.push(fields);
  }
}

function batchOf({ sequence, texts, numbers, fields, cursor }: Gathered): SourceBatch {
  const { data, starts, ends } = frameTexts(texts);
  return {
    data,
    framing: { kind: "records", starts, ends, positions: Float64Array.from(numbers), extra: fields },
    stream: { id: `journal-${sequence}`, fields: {} },
    streamKey: STREAM_KEY,
    position: { cursor },
  };
}

/** The last place at or before `at` that is not inside a UTF-8 character. */
function characterStart(data: Uint8Array, at: number): number {
  let place = at;
  while (place > at - 3 && ((data[place] as number) & 0xc0) === 0x80) place--;
  return place;
}
