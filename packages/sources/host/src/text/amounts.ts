const UNITS = "KMGTPE";

/** Bytes as `df -h` and `free -h` print them: powers of 1024, rounded up, one decimal below ten. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.ceil(bytes)}`;
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  // What would be printed as 1024 is one of the next unit.
  if (Math.ceil(value) >= 1024 && unit < UNITS.length - 1) return `1.0${UNITS[unit + 1]}`;
  const tenths = Math.ceil(value * 10) / 10;
  return `${tenths < 10 ? tenths.toFixed(1) : Math.ceil(value)}${UNITS[unit]}`;
}

/** A share between 0 and 1, with four digits. */
export function share(part: number, whole: number): number {
  return whole > 0 ? Math.round((part / whole) * 10_000) / 10_000 : 0;
}

/** A number with two digits. */
export function two(value: number): number {
  return Math.round(value * 100) / 100;
}

export function percent(value: number): string {
  return `${(value * 100).toFixed(1)}%`;
}
