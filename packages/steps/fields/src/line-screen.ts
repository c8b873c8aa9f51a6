import { Buffer } from "node:buffer";
import type { Screen } from "@sluice/core";

const NEWLINE = 0x0a;

/** Names the lines that contain one of the texts. */
export function linesWith(texts: readonly string[]): Screen {
  const needles = texts.map((text) => Buffer.from(text));
  return {
    suspects(data) {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      const starts = new Set<number>();
      for (const needle of needles) addLines(bytes, needle, starts);
      return [...starts].sort((a, b) => a - b);
    },
  };
}

function addLines(bytes: Buffer, needle: Buffer, starts: Set<number>): void {
  for (let at = bytes.indexOf(needle); at !== -1; ) {
    starts.add(at === 0 ? 0 : bytes.lastIndexOf(NEWLINE, at - 1) + 1);
    const end = bytes.indexOf(NEWLINE, at);
    if (end === -1) return;
    at = bytes.indexOf(needle, end + 1);
  }
}
