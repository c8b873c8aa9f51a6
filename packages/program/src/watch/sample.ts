const NEWLINE = 10;

/** Multiples of it, modulo 1, lie spread over the interval and repeat with no period. */
const GOLDEN = 0.618033988749895;

/** Where `n` lines of a batch start, spread over it; all lines when there are no more than that. */
export function sampleLines(data: Uint8Array, lines: number, n: number): number[] {
  return lines <= n ? allLines(data) : spreadLines(data, n);
}

function allLines(data: Uint8Array): number[] {
  const starts: number[] = [];
  for (let start = 0; start < data.length; ) {
    starts.push(start);
    const newline = data.indexOf(NEWLINE, start);
    start = newline < 0 ? data.length : newline + 1;
  }
  return starts;
}

function spreadLines(data: Uint8Array, n: number): number[] {
  const starts = new Set<number>();
  for (let i = 0; i < n; i++) {
    // One in each nth of the batch, but not at equal distances: lines of a log often alternate.
    const from = Math.floor(((i + (((i + 1) * GOLDEN + data.length * GOLDEN) % 1)) * data.length) / n);
    const start = from === 0 ? 0 : data.indexOf(NEWLINE, from - 1) + 1;
    // The end of the batch is behind its last line.
    if ((from === 0 || start > 0) && start < data.length) starts.add(start);
  }
  return [...starts];
}
