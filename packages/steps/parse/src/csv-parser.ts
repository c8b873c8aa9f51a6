import { setField } from "@sluice/core";
import type { Parser } from "./parser.ts";

export interface CsvFormat {
  /** Field of each column; `-` skips one. */
  readonly columns: readonly string[];
  readonly separator: string;
  readonly quote: string;
}

/** A parser of separated values (RFC 4180, one record a text). Empty values are absent, columns may be missing. */
export function csvParser({ columns, separator, quote }: CsvFormat): Parser {
  return {
    parse(text, event) {
      const values = split(text, separator, quote);
      if (values === null || values.length > columns.length) return false;
      for (const [index, value] of values.entries()) {
        const column = columns[index] as string;
        if (column !== "-" && value !== "") setField(event, column, value);
      }
      return true;
    },
  };
}

/** Null when a quoted value does not end, or something stands between its end and the separator. */
function split(text: string, separator: string, quote: string): string[] | null {
  const values: string[] = [];
  let at = 0;
  for (;;) {
    const quoted = text[at] === quote;
    const end = quoted ? endOfQuoted(text, at + 1, quote) : next(text, separator, at);
    if (end < 0) return null;
    values.push(quoted ? text.slice(at + 1, end).replaceAll(quote + quote, quote) : text.slice(at, end));
    const after = quoted ? end + 1 : end;
    if (after === text.length) return values;
    if (text[after] !== separator) return null;
    at = after + 1;
  }
}

function next(text: string, separator: string, from: number): number {
  const found = text.indexOf(separator, from);
  return found < 0 ? text.length : found;
}

function endOfQuoted(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 2)) {
    if (text[at + 1] !== quote) return at;
  }
  return -1;
}
