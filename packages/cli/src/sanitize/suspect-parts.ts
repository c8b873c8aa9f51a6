import type { Screen } from "@sluice/core";
import { lineStart, type Range } from "./edits.ts";

const NEWLINE = 10;

/**
 * The parts of bytes in which there may be something to find, with `neighbours` bytes of the lines around it, and keys
 * as a whole up to `maxKey` bytes. Without a screen that is everything.
 */
export function suspectParts(
  bytes: Buffer<ArrayBuffer>,
  screen: Screen | null,
  { neighbours, maxKey }: { neighbours: number; maxKey: number },
): Range[] {
  if (!screen) return [{ start: 0, end: bytes.length }];
  const parts: { start: number; end: number }[] = [];
  for (const line of screen.suspects(bytes)) {
    const last = parts.at(-1);
    const start = lineStart(bytes, Math.max(0, line - neighbours));
    const lineEnd = endOfLine(bytes, line);
    const reach = bytes.subarray(line, lineEnd).includes("PRIVATE KEY") ? maxKey : neighbours;
    const end = endOfLine(bytes, Math.min(bytes.length, lineEnd + reach));
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else parts.push({ start, end });
  }
  return parts;
}

function endOfLine(bytes: Buffer, at: number): number {
  const newline = bytes.indexOf(NEWLINE, at);
  return newline === -1 ? bytes.length : newline + 1;
}
