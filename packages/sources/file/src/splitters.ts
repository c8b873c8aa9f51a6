import { LineSplitter, type Splitter } from "@sluice/archive";
import { encodingOf } from "./encoding.ts";
import { Multiline } from "./multiline.ts";
import type { FileOptions } from "./options.ts";
import { RecordSplitter } from "./records.ts";

/** The way to cut files into records that the options ask for: the fast one, unless each line has to be looked at. */
export function splitterOf(options: FileOptions): Splitter {
  const encoding = encodingOf(options.encoding);
  const multiline = options.multiline && new Multiline(options.multiline);
  const careful = new RecordSplitter(encoding, options.max_line_bytes, multiline);
  return encoding.asIs && !multiline ? new LineSplitter(options.max_line_bytes, careful) : careful;
}
