import { type Event, setField } from "@sluice/core";
import type { NamedParser } from "../parser.ts";
import { setForeignFields } from "./json.ts";

const PAIR = /([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*)(?=\s|$)))?(?:\s+|$)/gsy;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/** `level=info msg="a line" took=3ms`: values are text, a key alone is true. */
export const logfmt: NamedParser = {
  name: "logfmt",
  summary: "`key=value` pairs, values with spaces in double quotes",
  create: (ctx) => ({
    parse(text, event, now) {
      const fields = readPairs(text.trim());
      if (fields === null) return false;
      setForeignFields(event, fields, ctx, now);
      return true;
    },
  }),
};

/** Null when the text is not wholly made of pairs, or has no `=` at all. */
function readPairs(text: string): Event | null {
  const fields: Event = {};
  let pairs = 0;
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const m = PAIR.exec(text);
    if (!m) return null;
    const value = m[2] !== undefined ? unescape(m[2]) : m[3];
    if (value !== undefined) pairs++;
    setField(fields, m[1] as string, value ?? true);
  }
  return pairs > 0 ? fields : null;
}

function unescape(text: string): string {
  return text.includes("\\") ? text.replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char) : text;
}
