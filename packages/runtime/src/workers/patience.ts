/** Slower than this is nothing that reads its input once or twice. */
const SLOW_BYTES_PER_MS = 4096;

/** Milliseconds that a record of so many bytes may take besides what any record may: long lines are no hanging ones. */
export function patienceFor(bytes: number): number {
  return bytes / SLOW_BYTES_PER_MS;
}
