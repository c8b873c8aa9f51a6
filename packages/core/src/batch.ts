import type { Claim } from "./claim.ts";
import type { Event, Value } from "./event.ts";

/** What can be said of every record of a stream (a file, a connection, a container's stdout). */
export interface StreamInfo {
  /** Prefix of the `event.id` of its records; the same after a restart. ASCII without `"` and `\`. */
  readonly id: string;
  /** Fields that every event of the stream carries, e.g. `log.file.path`. */
  readonly fields: Event;
  /** Name of the field that holds a record's position, e.g. `log.offset`; none when undefined. */
  readonly positionField?: string;
  /**
   * A record may be an event that a sluice has archived: a JSON object with `@timestamp`, `event.id` and `message`. Such a
   * record is that event, with its own fields and id, and goes through those steps only that run `again`.
   */
  readonly mayHoldEvents?: boolean;
}

/**
 * How records lie in `data`.
 *
 * `lines`: newline-terminated lines, each ended by `\n` (a `\r` before it is not part of the line); the last
 * one may lack its newline. The position of a line is `base` plus its byte offset in `data`. This is the fast form:
 * the source looks for no line ends but the last.
 *
 * `records`: record i is `data[starts[i] .. ends[i])` at `positions[i]`, for sources whose records are not lines
 * of a file, or whose bytes were changed on the way (multiline, other encodings, cut lines).
 */
export type Framing =
  | { readonly kind: "lines"; readonly base: number }
  | {
      readonly kind: "records";
      readonly starts: Uint32Array;
      readonly ends: Uint32Array;
      readonly positions: Float64Array;
      /** Fields of single records, by index, e.g. `{tags: ["_line_cut"]}`. Merged over the stream's. */
      readonly extra?: { readonly [index: number]: Event };
      /** Times of the records, for sources that know one of each. */
      readonly stamps?: Stamps;
    };

/**
 * The `@timestamp` of each record of a batch. With it a source promises that its records are the lines of `data`, all of
 * them, each ended by `\n` (a `\r` before it is not part of the record), and that no time lies before 1970-01-01T00:00:01Z.
 * This is the fast form of records.
 */
export interface Stamps {
  /** RFC 3339 in UTC with nine decimals, {@link STAMP_BYTES} bytes each, back to back. */
  readonly texts: Uint8Array<ArrayBuffer>;
  /** The same in whole seconds since the epoch. */
  readonly seconds: Float64Array<ArrayBuffer>;
}

/** Length of `2026-11-20T18:01:03.179959118Z`. */
export const STAMP_BYTES = 30;

/** Records of one stream as they leave a source. `data` owns its ArrayBuffer: it is transferred to a worker. */
export interface RecordBatch {
  readonly stream: StreamInfo;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly framing: Framing;
}

/** What a source emits: records, and the position that is reached once all of them are settled. */
export interface SourceBatch extends RecordBatch {
  /** Key under which the stream's position is stored. */
  readonly streamKey: string;
  /** Committed for `streamKey` when this batch and all earlier ones of the stream are settled. Undefined: not resumable. */
  readonly position?: Value;
  /**
   * When its records had been written at the latest, in milliseconds since the epoch: the time of events without one of
   * their own, and what dates without a year are read by. Undefined: now.
   */
  readonly writtenBy?: number;
  /** Others may have stored the records already: these are the claims that each of them is under. Undefined: none. */
  readonly claims?: readonly Claim[];
  /** Called once this batch and all earlier ones of the stream are settled: for sources that acknowledge to their far end. */
  readonly settled?: () => void;
}

/** Encoded events of one record batch for one sink, in order. */
export interface EncodedBatch {
  /** Complete frames, back to back, delimiters included. Owns its ArrayBuffer. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `ends[i]` is where frame i ends; frame i starts where frame i-1 ended. Its length is the number of events. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** Where the frames of a batch come from. Positions of records ascend within a `streamId`. */
export interface BatchOrigin {
  /** Name of the source in the pipeline file. */
  readonly source: string;
  readonly streamKey: string;
  readonly streamId: string;
  /** Position of its first record. */
  readonly from: number;
  /** Its records lie before this position, all later ones of the stream at or behind it. NaN: it has no record. */
  readonly to: number;
  /** What the source goes on from once it is settled; undefined when the stream cannot be read again. */
  readonly resume?: Value;
  /** Claims that all its records are under; a sink is told of those of its own name. */
  readonly claims?: readonly Claim[];
  /** Milliseconds since the epoch when it was read: the `@timestamp` of events without a time of their own. */
  readonly now: number;
}

/** What became of the records of a batch in the program: `in + sum(made) = kept + sum(dropped)`. */
export interface Tally {
  /** Events made from records. */
  in: number;
  /** Bytes of the records, without line ends. */
  inBytes: number;
  /** Events made by steps, by the step's type (`count`, `throttle`, …). */
  made: Record<string, number>;
  /** Events dropped by the pipeline's own decision, by reason (`drop`, `keep`, …). */
  dropped: Record<string, number>;
  /** Events that went on although something went wrong, by tag (`_parse_failure`, `_timeout`, …). */
  tagged: Record<string, number>;
  /** Secrets taken out of events, by `rule:action`. */
  sanitized: Record<string, number>;
  /** Fields left out or changed by an encoder, by reason; and what steps had to forget for want of room (`dedupe_evicted`). */
  adjusted: Record<string, number>;
  /** Events that survived the steps, whether or not a sink's `when` took them. */
  kept: number;
}

/** An empty tally. */
export function newTally(): Tally {
  return { in: 0, inBytes: 0, made: {}, dropped: {}, tagged: {}, sanitized: {}, adjusted: {}, kept: 0 };
}

/** Adds every number of a tally to another. */
export function addTally(to: Tally, from: Tally): void {
  to.in += from.in;
  to.inBytes += from.inBytes;
  to.kept += from.kept;
  for (const kind of ["made", "dropped", "tagged", "sanitized", "adjusted"] as const) {
    for (const name in from[kind]) count(to[kind], name, from[kind][name]);
  }
}

/** Adds `n` to a named count. */
export function count(counts: Record<string, number>, name: string, n = 1): void {
  counts[name] = (counts[name] ?? 0) + n;
}
