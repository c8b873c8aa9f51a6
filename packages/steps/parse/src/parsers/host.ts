import { type Event, formatInstant, type Value } from "@sluice/core";
import { compileWhole } from "../compile.ts";
import type { NamedParser, ParserContext } from "../parser.ts";
import { matchInto, setConstants, tableParser } from "../pattern-table.ts";

const SIZE_FIELDS = ["system.filesystem.total", "system.filesystem.used", "system.filesystem.available"];
/** Only `df --si` writes a small k: all units of such a row are powers of 1000. */
const SI = /k/;
const POWERS = ["", "K", "M", "G", "T", "P", "E", "Z", "Y"];
const DAY_MS = 86_400_000;

/** Rows of `df -h` (also `df`, `df -k`, `df -T`): sizes become bytes. The header row only says what it is. */
export const df: NamedParser = {
  name: "df",
  summary: "Rows of `df -h`, sizes as bytes",
  create: (ctx) =>
    tableParser(ctx, [
      { pattern: "DF_HEADER", constants: [["event.action", "df_header"]], plainOnly: true },
      { pattern: "DF", constants: [["event.dataset", "system.filesystem"]], finish: finishFilesystem },
    ]),
};

function finishFilesystem(event: Event): void {
  // In a row of `df -h` a bare number is bytes, in one of plain `df` it is blocks of 1024.
  const blockSize = SIZE_FIELDS.some((field) => isLike(event[field], /[A-Za-z]/)) ? 1 : 1024;
  const base = SIZE_FIELDS.some((field) => isLike(event[field], SI)) ? 1000 : 1024;
  for (const field of SIZE_FIELDS) {
    const text = event[field];
    const bytes = typeof text === "string" ? bytesOf(text, blockSize, base) : undefined;
    if (bytes === undefined) delete event[field];
    else event[field] = bytes;
  }
  const percent = event["system.filesystem.used_percent"];
  if (typeof percent === "string") event["system.filesystem.used_percent"] = Number(percent);
}

function isLike(size: Value | undefined, what: RegExp): boolean {
  return typeof size === "string" && what.test(size);
}

/** Bytes of `6.2G`, `824K`, `1,9G` (some locales), `0`. */
function bytesOf(text: string, blockSize: number, rowBase: number): number | undefined {
  const m = /^(-?\d+(?:[.,]\d+)?)([kKMGTPEZY]?)(i?B)?$/.exec(text);
  if (!m) return undefined;
  const number = Number((m[1] as string).replace(",", "."));
  const unit = (m[2] as string).toUpperCase();
  const base = m[3] === "B" ? 1000 : rowBase;
  if (unit === "" && m[3] === undefined) return number * blockSize;
  return Math.round(number * base ** POWERS.indexOf(unit));
}

/** The line of `uptime`: how long, how many users, load averages. */
export const uptime: NamedParser = {
  name: "uptime",
  summary: "The line of `uptime`: time since boot in seconds, users, load averages",
  create(ctx) {
    const grok = compileWhole(ctx.library, "UPTIME");
    return {
      parse(text, event, now) {
        const fields: Event = {};
        if (!matchInto(grok, withPoints(text), fields, ctx, now)) return false;
        const { time, days = "0", hours = "0", minutes = "0", ...rest } = fields;
        if (typeof time === "string") setTimeOfDay(event, time, now, ctx);
        event["host.uptime"] = Number(days) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60;
        Object.assign(event, rest);
        setConstants(event, [["event.dataset", "system.uptime"]]);
        return true;
      },
    };
  },
};

/** Load averages as some locales write them, `0,06, 0,15, 0,18`, with points. */
function withPoints(text: string): string {
  const at = text.indexOf("load average");
  if (at < 0 || text.includes(".", at)) return text;
  return text.slice(0, at) + text.slice(at).replace(/(\d),(\d)/g, "$1.$2");
}

/** A time of day is that of the reading's day, or of the day before when it would lie half a day ahead. */
function setTimeOfDay(event: Event, text: string, now: number, ctx: ParserContext): void {
  const m = /^(\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AP])M)?$/.exec(text);
  if (!m) return;
  const hour = m[4] === undefined ? Number(m[1]) : (Number(m[1]) % 12) + (m[4] === "P" ? 12 : 0);
  const midnight = Math.floor(now / DAY_MS) * DAY_MS;
  const wall = midnight + (hour * 3600 + Number(m[2]) * 60 + Number(m[3] ?? 0)) * 1000;
  const near = [wall + DAY_MS, wall, wall - DAY_MS].map((ms) => ctx.zone.toUtc(ms));
  const ms = near.find((candidate) => candidate <= now + DAY_MS / 2) as number;
  event["@timestamp"] = formatInstant(ms);
}
