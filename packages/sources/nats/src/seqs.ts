import { deflateRawSync, inflateRawSync } from "node:zlib";

// Places in a stream, as they stand in a claim: ascending, each as its distance from the one before in bytes of seven bits,
// packed. Sluices take turns at a stream, so the distances repeat, and 100,000 places are some hundred bytes.

const MORE = 0x80;
/** Eight for each of a million places. */
const MOST_BYTES = 8_000_000;

/** @param seqs ascending, none twice */
export function packSeqs(seqs: readonly number[]): string {
  const bytes: number[] = [];
  let last = 0;
  for (const seq of seqs) {
    let left = seq - last;
    for (; left >= MORE; left = Math.floor(left / MORE)) bytes.push((left % MORE) | MORE);
    bytes.push(left);
    last = seq;
  }
  return deflateRawSync(Uint8Array.from(bytes)).toString("base64");
}

/** Throws what zlib throws when it is nothing that was packed, or more than anybody packs. */
export function unpackSeqs(text: string): Float64Array {
  const bytes = inflateRawSync(Buffer.from(text, "base64"), { maxOutputLength: MOST_BYTES });
  const seqs: number[] = [];
  let last = 0;
  let value = 0;
  let factor = 1;
  for (const byte of bytes) {
    value += (byte % MORE) * factor;
    factor *= MORE;
    if (byte >= MORE) continue;
    seqs.push((last += value));
    value = 0;
    factor = 1;
  }
  return Float64Array.from(seqs);
}

/** Whether `unpackSeqs` can read it. */
export function isPacked(text: string): boolean {
  try {
    unpackSeqs(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether an ascending list has a number. */
export function includesSeq(seqs: Float64Array, seq: number): boolean {
  let from = 0;
  for (let to = seqs.length; from < to; ) {
    const middle = (from + to) >>> 1;
    if ((seqs[middle] as number) < seq) from = middle + 1;
    else to = middle;
  }
  return seqs[from] === seq;
}
