import type { PartResult } from "../acks/settlement.ts";
import type { Trouble } from "../sink/trouble.ts";
import { isExpected } from "../state/adoption.ts";
import type { BufferIndex } from "../state/held.ts";
import { type BufferRecord, decodeRecord } from "./record.ts";
import type { FoundRecord, Segment } from "./segment.ts";
import type { Segments } from "./segments.ts";

interface Lent {
  readonly segment: Segment;
  readonly bytes: number;
}

/** Reads the records of a buffer in order, decides about those of an earlier run, and frees what is resolved. */
export class RecordReader {
  readonly #segments: Segments;
  readonly #index: BufferIndex;
  readonly #trouble: Trouble;
  /** Records that were read and are not resolved. */
  readonly #lent = new Map<number, Lent>();
  #segment: Segment | undefined;
  #offset = 0;
  /** Number of this run's first record: those before it were found on the disk. */
  #born = 1;
  /** Number of the first record after the state was lost: it knows nothing of those before. */
  #known = 0;
  #looksBack = true;
  #last: Promise<unknown> = Promise.resolve();
  #collecting: Promise<void> = Promise.resolve();
  /** Bytes of records that are on the disk and not resolved. */
  live = 0;
  /** Called when a file was deleted. */
  onFree: () => void = () => undefined;

  constructor(segments: Segments, index: BufferIndex, trouble: Trouble) {
    this.#segments = segments;
    this.#index = index;
    this.#trouble = trouble;
  }

  /** Starts at the oldest record; those from `born` on are of this run, those before `known` of before a loss of the state. */
  begin(born: number, known: number): void {
    this.#born = born;
    this.#known = known;
    this.live = this.#segments.bytes;
  }

  added(bytes: number): void {
    this.live += bytes;
  }

  /** One call at a time goes through the files. */
  read(): Promise<BufferRecord | undefined> {
    const next = this.#last.then(() => this.#read());
    this.#last = next.catch(() => undefined);
    return next;
  }

  resolve(seq: number, result: PartResult): void {
    const lent = this.#lent.get(seq);
    if (!lent) return;
    this.#lent.delete(seq);
    this.live -= lent.bytes;
    this.#index.resolve(seq, result);
    lent.segment.open--;
    this.#collect(lent.segment);
  }

  /** Waits until no file is read or deleted. */
  async idle(): Promise<void> {
    await this.#last;
    await this.#collecting;
  }

  async #read(): Promise<BufferRecord | undefined> {
    for (;;) {
      this.#segment ??= this.#segments.list.find((segment) => !segment.read);
      const segment = this.#segment;
      if (segment === undefined || segment.first >= this.#born) this.#enterLosses();
      if (segment === undefined) return undefined;
      if (this.#offset < segment.synced) {
        const found = await segment.recordAt(this.#offset);
        const record = found ? this.#take(segment, found) : this.#damaged(segment);
        if (record) return record;
      } else if (segment.sealed) {
        if (!this.#goOn(segment)) return undefined;
      } else return undefined;
    }
  }

  /** To the next segment. False when there is none yet. */
  #goOn(segment: Segment): boolean {
    const { list } = this.#segments;
    const next = list[list.indexOf(segment) + 1];
    segment.read = true;
    this.#collect(segment);
    this.#offset = 0;
    this.#segment = next;
    if (next) return true;
    this.#enterLosses();
    return false;
  }

  /** Null: the record is none that has to be delivered. */
  #take(segment: Segment, { header, record, next }: FoundRecord): BufferRecord | null {
    this.#offset = next;
    const decoded = this.#asKnown(decodeRecord(header, record));
    if (header.seq < this.#born && !this.#isDue(decoded)) {
      this.live -= header.size;
      return null;
    }
    this.#lent.set(header.seq, { segment, bytes: header.size });
    segment.open++;
    return decoded;
  }

  /**
   * What the state has forgotten is delivered, although its source reads it again if it is still there: rather twice than
   * never. The sink must not take these records for what is read again, and may cut them otherwise.
   */
  #asKnown(record: BufferRecord): BufferRecord {
    const { seq, origin } = record;
    if (seq >= this.#known || origin.resume === undefined) return record;
    const { resume: _, ...rest } = origin;
    return { ...record, origin: { ...rest, streamId: `${origin.streamId}@${this.#known}` } };
  }

  /** Whether a record of an earlier run waits. A batch that was not committed is read again where it can be. */
  #isDue({ seq, batch, shares, origin, encoded }: BufferRecord): boolean {
    const status = this.#index.status(seq);
    if (status) return !status.done;
    if (origin.resume !== undefined) return false;
    this.#index.adopt({ seq, batch, shares, events: encoded.ends.length });
    return true;
  }

  #damaged(segment: Segment): null {
    this.#trouble.note(new Error(`${segment.path} is damaged at byte ${this.#offset}`), "cannot read the disk buffer");
    this.live -= segment.synced - this.#offset;
    this.#offset = segment.synced;
    return null;
  }

  /** Everything of earlier runs was read: what the state still waits for was in a record that is no more. */
  #enterLosses(): void {
    if (!this.#looksBack) return;
    this.#looksBack = false;
    this.#index.lookedBack();
    const lost = { buffer_lost: 0, killed: 0 };
    for (const seq of this.#index.unresolved(this.#born)) {
      if (this.#lent.has(seq)) continue;
      const events = this.#index.status(seq)?.events ?? 0;
      const reason = isExpected(seq) ? "killed" : "buffer_lost";
      this.#index.resolve(seq, { delivered: 0, deliveredBytes: 0, dropped: { [reason]: events } });
      lost[reason] += events;
    }
    this.#tell(lost.buffer_lost, new Error("damaged or deleted files"));
    this.#tell(lost.killed, new Error("sluice was killed before the disk had them"));
  }

  #tell(events: number, cause: Error): void {
    if (events > 0) this.#trouble.note(cause, "events of the disk buffer are lost", { events });
  }

  /** Deletes a segment nobody waits for, once the disk has what became of its records. */
  #collect(segment: Segment): void {
    if (!segment.sealed || !segment.read || segment.open > 0) return;
    this.#collecting = this.#collecting.then(async () => {
      const { list } = this.#segments;
      const at = list.indexOf(segment);
      // Where the next one begins is known once there is one; until then the file stays.
      const end = list[at + 1]?.first ?? (segment.first < this.#born ? this.#born : undefined);
      if (at < 0 || end === undefined) return;
      try {
        this.#index.sync();
        await this.#segments.remove(segment);
        this.onFree();
        this.#index.forget(segment.first, end);
      } catch (error) {
        this.#trouble.note(error, "cannot delete a part of the disk buffer that is done with");
      }
    });
  }
}
