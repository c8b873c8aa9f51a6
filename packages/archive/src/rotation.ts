import { basename } from "node:path";

const PACKED = /\.(?:gz|zst|bz2|xz)$/i;
/** A number, a date, or a word that rotation puts behind a name. */
const SUFFIX = /(?:\.\d+|[-._]\d{6,}(?:[-_.T:]?\d+)*|[-._]\d{4}[-_.]\d\d[-_.]\d\d(?:[-_.T:]?\d+)*|\.(?:old|bak)|~)$/i;
/** A date that rotation puts before the extension. */
const INFIX = /[-._](?:\d{6,}|\d{4}[-_.]\d\d[-_.]\d\d)(?:[-_.T:]?\d+)*(?=\.[a-z]\w*$)/i;

/** The name that a log has before rotation: `access.log` of `access.log.1.gz`, `access.log-20260101`, `access-20260101.log`. */
export function rootName(path: string): string {
  let name = basename(path).replace(PACKED, "");
  for (let shorter = name.replace(SUFFIX, ""); shorter !== name && shorter !== ""; shorter = name.replace(SUFFIX, "")) {
    name = shorter;
  }
  return name.replace(INFIX, "");
}

/** Orders rotated names of one log, the oldest first: `.2` is older than `.1`, a date is older than a later one. */
export function compareAge(a: string, b: string): number {
  const [first, second] = [a, b].map((path) => /\.(\d{1,5})$/.exec(path.replace(PACKED, ""))?.[1]);
  if (first !== undefined && second !== undefined) return Number(second) - Number(first);
  return a < b ? -1 : Number(a > b);
}

/** Where a name stands among those of one log: dates, then numbers downward, then the file that is written now. */
function rankOf(path: string): readonly [kind: number, order: number] {
  const name = basename(path).replace(PACKED, "");
  const number = /\.(\d{1,5})$/.exec(name)?.[1];
  if (number !== undefined) return [1, -Number(number)];
  if (/\.(?:old|bak)$|~$/i.test(name)) return [1, 0];
  return [rootName(path) === name ? 2 : 0, 0];
}

/** Orders the names of one log as it was written, the file that is written now last. */
export function compareRotation(a: string, b: string): number {
  const [[kindA, orderA], [kindB, orderB]] = [rankOf(a), rankOf(b)];
  if (kindA !== kindB) return kindA - kindB;
  if (orderA !== orderB) return orderA - orderB;
  const [nameA, nameB] = [basename(a), basename(b)];
  return nameA < nameB ? -1 : Number(nameA > nameB);
}
