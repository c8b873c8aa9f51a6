import type { PartResult } from "../acks/settlement.ts";

// A batch of which some sink's part lies in a disk buffer is settled, so its source's position moves, but its events count
// as buffered until the last of these parts is resolved.

/** A sink's part of a batch that lies in its disk buffer. */
export interface HeldPart {
  readonly sink: string;
  /** Number of its record in the buffer. */
  readonly seq: number;
  readonly events: number;
}

/** A settled batch with parts in disk buffers. */
export interface HeldBatch {
  /** Unique among the pipeline's batches that are held. */
  readonly batch: number;
  /** Events that survived the steps. */
  readonly kept: number;
  /** The sum of what its sinks were given. */
  readonly offered: number;
  /** What sinks without a disk buffer did not take, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly parts: readonly HeldPart[];
}

/** What became of a part that lay in a disk buffer. */
export interface Resolution {
  readonly pipeline: string;
  readonly sink: string;
  readonly seq: number;
  readonly result: PartResult;
}

/** A record of a buffer as the state knows it. */
export interface PartStatus {
  readonly events: number;
  readonly done: boolean;
}

/** What a disk buffer notes in the state. */
export interface BufferIndex {
  /** Undefined: its batch was not committed before sluice ended. */
  status(seq: number): PartStatus | undefined;
  /** Records before `seq` that are committed and not resolved. */
  unresolved(before: number): readonly number[];
  /** The largest numbers of records and batches that the state has heard of; 0 when there is none. */
  last(): { readonly seq: number; readonly batch: number };
  /**
   * Records before this number were written before the state was lost; 0 when it never was.
   * @param next number of the next record
   */
  firstAfterLoss(next: number): number;
  /** Events of records that are not resolved. */
  waiting(): number;
  /** Notes what became of a record. */
  resolve(seq: number, result: PartResult): void;
  /** Enters a record whose batch was never committed and cannot be read again. */
  adopt(seq: number, batch: number, events: number): void;
  /** Forgets the resolved records from `from` on and before `to`: their file is gone. */
  forget(from: number, to: number): void;
  /** Writes everything to the disk; what was stored survives a power cut. Throws SLUICE_STATE. */
  sync(): void;
}
