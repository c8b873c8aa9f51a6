import type { EncodedBatch, Encoder } from "@sluice/core";
import type { PathTemplate } from "./path-template.ts";

const END_OF_PATH = 0;

/** An encoder that writes before each frame which file it is for. */
export function addressed(lines: Encoder, template: PathTemplate): Encoder {
  return {
    encode(event, out, tally) {
      out.text(template.render(event));
      out.byte(END_OF_PATH);
      lines.encode(event, out, tally);
    },
  };
}

/**
 * The lines of such frames by the path of their file, in order.
 * @param resolvePath makes the path that is meant of one as it was written
 */
export function byPath(
  { bytes, ends }: EncodedBatch,
  resolvePath: (path: string) => string,
): ReadonlyMap<string, Uint8Array> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const pieces = new Map<string, Uint8Array[]>();
  let start = 0;
  for (const end of ends) {
    const path = all.indexOf(END_OF_PATH, start);
    const name = all.toString("utf8", start, path);
    const list = pieces.get(name) ?? [];
    pieces.set(name, list);
    list.push(all.subarray(path + 1, end));
    start = end;
  }
  return new Map(Array.from(pieces, ([name, list]) => [resolvePath(name), Buffer.concat(list)]));
}
