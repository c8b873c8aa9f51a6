/**
 * Characters that a class takes: single ASCII characters by bit, and all others together (`high`), because a class of
 * the subset takes either all or none of them. Control characters besides tab are never members: lines that hold
 * them do not come here, which lets the byte after a line end every run.
 */
export interface ByteSet {
  readonly ascii: bigint;
  readonly high: boolean;
}

const TAB = 1n << 9n;
/** Tab and everything from space up. */
const POSSIBLE = ((1n << 128n) - (1n << 32n)) | TAB;

export const NO_BYTES: ByteSet = { ascii: 0n, high: false };
export const ANY_BYTE: ByteSet = { ascii: POSSIBLE, high: true };

/** The set of one character; none for a control character. */
export function single(code: number): ByteSet {
  return range(code, code);
}

/** ASCII characters from `from` to `to`, inclusive. */
export function range(from: number, to: number): ByteSet {
  const bits = (1n << BigInt(to + 1)) - (1n << BigInt(from));
  return { ascii: bits & POSSIBLE, high: false };
}

/** The ASCII characters of a text. */
export function chars(text: string): ByteSet {
  return Array.from(text, (char) => single(char.charCodeAt(0))).reduce(union, NO_BYTES);
}

export function union(a: ByteSet, b: ByteSet): ByteSet {
  return { ascii: a.ascii | b.ascii, high: a.high || b.high };
}

export function negate(set: ByteSet): ByteSet {
  return { ascii: POSSIBLE & ~set.ascii, high: !set.high };
}

/** Members of `a` that are not in `b`. */
export function minus(a: ByteSet, b: ByteSet): ByteSet {
  return { ascii: a.ascii & ~b.ascii, high: a.high && !b.high };
}

export function intersects(a: ByteSet, b: ByteSet): boolean {
  return (a.ascii & b.ascii) !== 0n || (a.high && b.high);
}

export function isEmpty(set: ByteSet): boolean {
  return set.ascii === 0n && !set.high;
}

/** True when every member of `a` is in `b`. */
export function isSubset(a: ByteSet, b: ByteSet): boolean {
  return isEmpty(minus(a, b));
}

/** The ASCII members. */
export function members(set: ByteSet): number[] {
  const out: number[] = [];
  for (let word = 0; word < 4; word++) {
    // One step a word instead of one a bit, because a plan of many patterns asks often.
    const bits = Number((set.ascii >> BigInt(word * 32)) & 0xffff_ffffn);
    if (bits === 0) continue;
    for (let bit = 0; bit < 32; bit++) if ((bits >>> bit) & 1) out.push(word * 32 + bit);
  }
  return out;
}

/** The only member, or null. */
export function onlyMember(set: ByteSet): number | null {
  const list = set.high ? [] : members(set);
  return list.length === 1 ? (list[0] as number) : null;
}

/** The ASCII members as ranges, inclusive. */
export function ranges(set: ByteSet): [from: number, to: number][] {
  const out: [number, number][] = [];
  for (const code of members(set)) {
    const last = out.at(-1);
    if (last && last[1] === code - 1) last[1] = code;
    else out.push([code, code]);
  }
  return out;
}
