import { basename } from "node:path";
import { readTai64n } from "@sluice/core";
import type { ReadLabel } from "./line-records.ts";

const AT = 0x40;
const SPACE = 0x20;
/** `@` and 24 hexadecimal digits. */
const LABEL_BYTES = 25;

/** A file that daemontools' multilog has finished: `@`, TAI64N, `.s` (safe) or `.u` (was not finished in time). */
const FINISHED = /^@[0-9a-f]{24}\.[su](?:\.(?:gz|zst))?$/i;

/** Whether multilog gives files such a name; `current`, which it writes, is known by its neighbours only. */
export function isMultilogName(path: string): boolean {
  return FINISHED.test(basename(path));
}

/** Whether content begins with a TAI64N label, as `multilog t` writes one before each line. */
export function beginsWithLabel(head: Uint8Array): boolean {
  return readMultilogLabel(head, 0, head.indexOf(10) < 0 ? head.length : head.indexOf(10)) !== null;
}

/** The time that multilog has put before a line. */
export const readMultilogLabel: ReadLabel = (bytes, start, end) => {
  if (bytes[start] !== AT || end - start < LABEL_BYTES) return null;
  const after = start + LABEL_BYTES;
  if (after < end && bytes[after] !== SPACE) return null;
  const time = readTai64n(String.fromCharCode(...bytes.subarray(start + 1, after)));
  return time === null ? null : { start: Math.min(after + 1, end), fields: { "@timestamp": time } };
};
