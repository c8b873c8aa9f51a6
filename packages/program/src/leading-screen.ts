import { Buffer } from "node:buffer";
import type { Screen } from "@sluice/core";
import { leadingText } from "@sluice/expression";

const NEWLINE = "\n";

/** Names the lines for which a condition on how `message` begins may hold; null when it is none. */
export function leadingScreen(condition: string): Screen | null {
  const text = leadingText(condition);
  // What decoding makes of other bytes may begin otherwise.
  if (text === null || !/^[ -~]+$/.test(text)) return null;
  return { suspects: (data) => linesBeginningWith(text, data) };
}

function linesBeginningWith(text: string, data: Uint8Array<ArrayBuffer>): number[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
  const found = bytes.subarray(0, text.length).equals(Buffer.from(text)) ? [0] : [];
  const inside = Buffer.from(NEWLINE + text);
  for (let at = bytes.indexOf(inside); at >= 0; at = bytes.indexOf(inside, at + 1)) found.push(at + 1);
  return found;
}
