/** Texts back to back, and where each lies, as the framing `records` wants them. */
export interface FramedTexts {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Joins the texts of records into the memory of a batch. */
export function frameTexts(texts: readonly Uint8Array[]): FramedTexts {
  const data = new Uint8Array(texts.reduce((sum, { length }) => sum + length, 0));
  const starts = new Uint32Array(texts.length);
  const ends = new Uint32Array(texts.length);
  let at = 0;
  for (const [i, text] of texts.entries()) {
    data.set(text, at);
    starts[i] = at;
    at += text.length;
    ends[i] = at;
  }
  return { data, starts, ends };
}
