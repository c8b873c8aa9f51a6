import type { Status } from "@sluice/admin";
import { COLUMNS, fit, headLines, rowsOf, tableLine } from "./table.ts";

/** How the table is looked at. */
export interface Look {
  sortKey: string;
  reverse: boolean;
  /** Rows that are scrolled away above. */
  top: number;
  help: boolean;
}

const ESC = "\x1b[";
const BOLD = `${ESC}1m`;
const REVERSED = `${ESC}7m`;
const RED = `${ESC}31m`;
const DIM = `${ESC}2m`;
const PLAIN = `${ESC}0m`;
/** To the alternate screen without a cursor, and back. */
export const ENTER = `${ESC}?1049h${ESC}?25l`;
export const LEAVE = `${ESC}?25h${ESC}?1049l`;

const KEYS = "q quit · ←/→ sort column · r reverse · ↑/↓ scroll · space pause · ? keys";

/** The whole screen, written over the one before without blanking it. */
export function drawScreen(
  status: Status | undefined,
  look: Look,
  size: { rows: number; columns: number },
  foot: string,
): string {
  const lines = [...bodyLines(status, look, size)];
  while (lines.length < size.rows - 1) lines.push("");
  lines.length = size.rows - 1;
  lines.push(`${DIM}${fit(foot || KEYS, size.columns)}${PLAIN}`);
  return `${ESC}H${lines.map((line) => `${line}${ESC}K`).join("\r\n")}`;
}

/** The table as plain text, for a pipe. */
export function plainTable(status: Status): string {
  const titles = COLUMNS.map(({ title }) => title);
  const rows = rowsOf(status, "p", false).map((row) => COLUMNS.map(({ text }) => text(row)));
  return [...headLines(status), "", ...[titles, ...rows].map((cells) => tableLine(cells, 200).trimEnd())].join("\n");
}

function bodyLines(
  status: Status | undefined,
  look: Look,
  { rows, columns }: { rows: number; columns: number },
): string[] {
  if (look.help) return helpLines();
  if (!status) return [];
  const head = headLines(status).map((line) => `${BOLD}${fit(line, columns)}${PLAIN}`);
  const titles = COLUMNS.map(({ key, title }) =>
    key === look.sortKey ? `${title}${look.reverse ? "▲" : "▼"}` : title,
  );
  const all = rowsOf(status, look.sortKey, look.reverse);
  look.top = Math.max(0, Math.min(look.top, all.length - (rows - head.length - 3)));
  const table = all.slice(look.top).map((row) => {
    const line = tableLine(
      COLUMNS.map(({ text }) => text(row)),
      columns,
    );
    return row.bad ? `${RED}${line}${PLAIN}` : line;
  });
  return [...head, "", `${REVERSED}${tableLine(titles, columns)}${PLAIN}`, ...table];
}

function helpLines(): string[] {
  const sorts = COLUMNS.filter(({ key }) => key !== "").map(({ key, title }) => `  ${key}   sort by ${title}`);
  return [
    "Keys:",
    "  q, Ctrl-C    quit",
    "  ←  →         sort by the column before, after",
    ...sorts,
    "  r            reverse the order",
    "  ↑ ↓ PgUp PgDn scroll",
    "  space        pause",
    "",
    "IN/s and OUT/s are events over the last three seconds, WAIT the part of that time in which it had to wait,",
    "P95 how long 95 of 100 batches took: from reading to delivery for sources, at the sink for sinks.",
  ];
}
