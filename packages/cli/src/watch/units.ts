/** `0`, `950`, `12.3k`, `4.56M`: a number in at most five characters. */
export function short(n: number): string {
  if (n < 1000) return n >= 10 || Number.isInteger(n) ? String(Math.round(n)) : n.toFixed(1);
  for (const unit of ["k", "M", "G", "T"]) {
    n /= 1000;
    if (n < 999.95) return `${n >= 100 ? n.toFixed(0) : n.toFixed(1)}${unit}`;
  }
  return `${n.toFixed(0)}T`;
}

/** `0 B`, `12.3 KiB`. */
export function shortBytes(n: number): string {
  if (n < 1024) return `${Math.round(n)} B`;
  for (const unit of ["KiB", "MiB", "GiB", "TiB"]) {
    n /= 1024;
    if (n < 1023.95) return `${n >= 100 ? n.toFixed(0) : n.toFixed(1)} ${unit}`;
  }
  return `${n.toFixed(0)} TiB`;
}

/** `-`, `350 µs`, `12 ms`, `4.5 s`, `3 m 20 s`. */
export function shortTime(seconds: number | null): string {
  if (seconds === null) return "-";
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} m`;
}
