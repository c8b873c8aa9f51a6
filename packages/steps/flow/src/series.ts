/** Numbers that have not come. */
type Gap = {
  readonly from: number;
  readonly to: number;
  /** Milliseconds since the epoch when it was noticed. */
  readonly since: number;
  readonly told: boolean;
};

/** What is known of one series of numbers. */
export type Series = {
  readonly last: number;
  /** The latest gaps, ascending. */
  readonly missing: readonly Gap[];
};

/** Something wrong with a series. In a gap `from` to `to` are missing; else `to` is the highest number so far. */
export interface Finding {
  readonly kind: "gap" | "repeat" | "out_of_order" | "restarted";
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

/** Gaps that are remembered, to tell a late number from a repeated one. */
const MOST_GAPS = 64;

/** Takes the next number of a series. Gaps are told at once when `wait` is 0. */
export function step(
  series: Series | undefined,
  number: number,
  now: number,
  wait: number,
): { next: Series; findings: Finding[] } {
  if (!series) return { next: { last: number, missing: [] }, findings: [] };
  const { last, missing } = series;
  if (number === last + 1) return { next: { last: number, missing }, findings: [] };
  if (number > last) {
    const gap: Gap = { from: last + 1, to: number - 1, since: now, told: wait === 0 };
    const findings: Finding[] = wait === 0 ? [{ kind: "gap", number, from: gap.from, to: gap.to }] : [];
    return { next: { last: number, missing: [...missing, gap].slice(-MOST_GAPS) }, findings };
  }
  const late = missing.find(({ from, to }) => number >= from && number <= to);
  if (late) {
    const next = { last, missing: missing.flatMap((gap) => (gap === late ? without(gap, number) : [gap])) };
    return { next, findings: [{ kind: "out_of_order", number, from: number, to: last }] };
  }
  // A program that was started again counts from 0 or 1.
  const isStart = number <= 1 && last > 1;
  const next = isStart ? { last: number, missing: [] } : series;
  return { next, findings: [{ kind: isStart ? "restarted" : "repeat", number, from: number, to: last }] };
}

function without(gap: Gap, number: number): Gap[] {
  const parts = [
    { ...gap, to: number - 1 },
    { ...gap, from: number + 1 },
  ];
  return parts.filter(({ from, to }) => from <= to);
}
