import { promisify } from "node:util";
import { gzip, zstdCompress } from "node:zlib";
import type { EncodedBatch } from "@sluice/core";
import type { HttpOptions } from "./options.ts";

const gzipAsync = promisify(gzip);
const zstdAsync = promisify(zstdCompress);
const [COMMA, OPEN, CLOSE] = [0x2c, 0x5b, 0x5d];

/** Frames `from` to `to` of a batch as the body of a request. */
export async function bodyOf(
  { bytes, ends }: EncodedBatch,
  from: number,
  to: number,
  { format, compression }: Pick<HttpOptions, "format" | "compression">,
): Promise<Uint8Array> {
  const start = from === 0 ? 0 : (ends[from - 1] as number);
  const lines = bytes.subarray(start, ends[to - 1]);
  const body = format === "json" ? listOf(lines, start, ends.subarray(from, to)) : lines;
  if (compression === "gzip") return gzipAsync(body);
  return compression === "zstd" ? zstdAsync(body) : body;
}

/** Lines as a JSON list: each line end becomes a comma, and the last one the end of the list. */
function listOf(lines: Uint8Array, start: number, ends: Uint32Array): Uint8Array {
  const list = new Uint8Array(lines.length + 1);
  list[0] = OPEN;
  list.set(lines, 1);
  for (const end of ends) list[end - start] = COMMA;
  list[lines.length] = CLOSE;
  return list;
}
