import { SluiceError } from "./errors.ts";

const SIZE_UNITS: Record<string, number> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
};
const DURATION_UNITS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds that a timer of Node.js takes at most, 24.8 days; it treats more as 1. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Bytes of `64KiB`, `10MB`, `512B`. Throws on anything else: a size is written with its unit. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?i?B)$/i.exec(text.trim());
  const unit = match && SIZE_UNITS[(match[2] as string).toUpperCase()];
  if (!match || !unit) throw unitError(text, "a size", "64KiB, 10MB or 512B");
  return Math.round(Number(match[1]) * unit);
}

/** Milliseconds of `500ms`, `5m`, `1h30m`. Throws on anything else. */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/.test(trimmed)) throw unitError(text, "a duration", "500ms, 5m or 1h30m");
  let total = 0;
  for (const part of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    total += Number(part[1]) * (DURATION_UNITS[part[2] as string] as number);
  }
  return total;
}

/** Events a second of `100/s`, `6000/m`, `10/h`. Throws on anything else. */
export function parseRate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*\/\s*(s|m|h)$/.exec(text.trim());
  if (!match) throw unitError(text, "a rate", "100/s or 6000/m");
  return (Number(match[1]) * 1000) / (DURATION_UNITS[match[2] as string] as number);
}

function unitError(text: string, what: string, examples: string): SluiceError {
  return new SluiceError("SLUICE_CONFIG", `"${text}" is not ${what}`, { hint: `write ${examples}` });
}
