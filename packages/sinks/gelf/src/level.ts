import type { Event, Value } from "@sluice/core";

/** Severity of an event that says nothing of it: informational. */
export const DEFAULT_LEVEL = 6;

/** Fields that decide about `level`, the first one that holds a severity wins. */
export const LEVEL_FIELDS = ["log.syslog.severity.code", "log.level", "log.syslog.priority"] as const;

const NAMES: Readonly<Record<string, number>> = {
  emergency: 0,
  emerg: 0,
  panic: 0,
  alert: 1,
  critical: 2,
  crit: 2,
  fatal: 2,
  error: 3,
  err: 3,
  severe: 3,
  warning: 4,
  warn: 4,
  notice: 5,
  informational: 6,
  information: 6,
  info: 6,
  debug: 7,
  trace: 7,
  verbose: 7,
};

/** Syslog severity (RFC 5424, 0 to 7) of an event. */
export function levelOf(event: Event): number {
  const code = severity(event["log.syslog.severity.code"]);
  if (code >= 0) return code;
  const level = event["log.level"];
  const named = typeof level === "string" ? byName(level) : severity(level);
  if (named >= 0) return named;
  const priority = event["log.syslog.priority"];
  return typeof priority === "number" && priority >= 0 && priority <= 191 ? Math.floor(priority) % 8 : DEFAULT_LEVEL;
}

function severity(value: Value | undefined): number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 7 ? value : -1;
}

function byName(level: string): number {
  const known = Object.hasOwn(NAMES, level) ? NAMES[level] : undefined;
  if (known !== undefined) return known;
  const text = level.trim().toLowerCase();
  if (/^[0-7]$/.test(text)) return Number(text);
  return Object.hasOwn(NAMES, text) ? (NAMES[text] as number) : -1;
}
