import type { PatternPlace } from "./errors.ts";

/** One named pattern as written, nothing expanded. */
export interface Definition {
  readonly name: string;
  readonly source: string;
  readonly place: PatternPlace;
}

/**
 * Reads a Logstash pattern file: `NAME regex` on a line, `#` starts a comment line. Lines that are neither are
 * passed over, as Logstash does. The expression runs to the line's end, trailing spaces included.
 */
export function* readDefinitions(text: string, fileName: string): Generator<Definition> {
  let line = 0;
  for (const raw of text.replace(/^\u{FEFF}/u, "").split("\n")) {
    line++;
    const found = /^\s*([^\s#]\S*)\s+(\S.*)$/s.exec(raw.endsWith("\r") ? raw.slice(0, -1) : raw);
    if (!found) continue;
    yield { name: found[1]!, source: found[2]!, place: { origin: fileName, line } };
  }
}
