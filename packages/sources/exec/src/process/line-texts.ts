import { Buffer } from "node:buffer";
import type { LineBatch } from "@sluice/core";

/** One line as text. */
interface LineText {
  readonly text: string;
  /** It was too long: this is its beginning. */
  readonly isCut: boolean;
  /** It has its line end; the last one of a stream may lack it. */
  readonly isWhole: boolean;
}

/** The lines of a batch of LineCutter's. */
export function* lineTexts({ data, framing }: LineBatch): Generator<LineText> {
  const bytes = Buffer.from(data.buffer);
  if (framing.kind === "records") {
    for (const [i, start] of framing.starts.entries()) {
      const isCut = framing.extra?.[i] !== undefined;
      yield {
        text: bytes.toString("utf8", start, framing.ends[i]),
        isCut,
        isWhole: (framing.ends[i] ?? 0) < bytes.length,
      };
    }
    return;
  }
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    yield { text: bytes.toString("utf8", start, end), isCut: false, isWhole: newline >= 0 };
    start = end + 1;
  }
}
