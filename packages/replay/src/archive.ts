/** One file or object to replay. */
export interface Archive {
  /** Its path, or its `s3://` address; `log.file.path` of its events. */
  readonly name: string;
  /** Size as it is stored. */
  readonly bytes: number;
  /** When it was last written, in milliseconds since the epoch; undefined where that cannot be believed. */
  readonly writtenBy: number | undefined;
  /** What makes it this version of the object, where the store says so. */
  readonly etag?: string;
  /** Found in a directory, so that it need not be a log at all. */
  readonly isFound: boolean;
  /** Its bytes as they are stored, from an offset on. Rejects with what the file system or the store says. */
  read(signal: AbortSignal, offset: number): AsyncIterable<Uint8Array>;
}

/** No log was written before; such times come from packers that leave times out. */
const EARLIEST = Date.UTC(1990, 0);

/** The time when an archive was written, if it says so. */
export function believableTime(modified: number): number | undefined {
  return modified >= EARLIEST ? Math.min(modified, Date.now()) : undefined;
}
