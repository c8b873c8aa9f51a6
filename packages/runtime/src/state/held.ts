import type { PartResult } from "../acks/settlement.ts";
import type { Shares } from "../buffer/shares.ts";

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
  /** Its parts may be expected already, under the number of the batch; see `Adoption`. */
  readonly adopted?: boolean;
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

/** A record whose batch was never committed. */
export interface Adopted {
  readonly seq: number;
  readonly batch: number;
  readonly events: number;
  /** What all buffers were to get of the batch; undefined when only this one was. */
  readonly shares?: Shares | undefined;
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
  adopt(record: Adopted): void;
  /** No record of an earlier run is left that could be adopted: what others have of batches that are missing here is lost here. */
  lookedBack(): void;
  /** Forgets the resolved records from `from` on and before `to`: their file is gone. */
  forget(from: number, to: number): void;
  /** Writes everything to the disk; what was stored survives a power cut. Throws SLUICE_STATE. */
  sync(): void;
}
