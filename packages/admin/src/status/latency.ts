import type { HistogramSnapshot } from "@sluice/runtime";

/** How long something takes, in seconds; null when nothing was measured. */
export interface Latency {
  readonly p50: number | null;
  readonly p95: number | null;
}

/** Percentiles of what was measured between two snapshots of a histogram. */
export function latencyBetween(before: HistogramSnapshot | undefined, after: HistogramSnapshot): Latency {
  const counts = after.counts.map((count, index) => count - (before?.counts[index] ?? 0));
  // Of a pipeline that was started again.
  if (counts.some((count) => count < 0)) return latencyBetween(undefined, after);
  return { p50: quantile(after.bounds, counts, 0.5), p95: quantile(after.bounds, counts, 0.95) };
}

/** Histograms of several components as one. */
export function joined(histograms: readonly HistogramSnapshot[]): HistogramSnapshot | undefined {
  const [first, ...others] = histograms;
  if (!first) return undefined;
  const counts = first.counts.map((count, i) => others.reduce((sum, other) => sum + (other.counts[i] ?? 0), count));
  const sum = histograms.reduce((all, histogram) => all + histogram.sum, 0);
  return { bounds: first.bounds, counts, sum, count: counts.reduce((all, count) => all + count, 0) };
}

/** As Prometheus' `histogram_quantile` does it: evenly within a bucket. */
function quantile(bounds: readonly number[], counts: readonly number[], q: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let rank = q * total;
  for (const [index, count] of counts.entries()) {
    const low = index === 0 ? 0 : (bounds[index - 1] as number);
    if (rank <= count && count > 0) {
      const high = bounds[index] ?? low;
      return low + (high - low) * (rank / count);
    }
    rank -= count;
  }
  return bounds.at(-1) ?? null;
}
