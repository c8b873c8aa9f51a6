import { promisify } from "node:util";
import { deflate, gzip } from "node:zlib";
import type { GelfOptions } from "./options.ts";

const gzipAsync = promisify(gzip);
const deflateAsync = promisify(deflate);

/** A frame in the compression of the options. */
export async function compress(frame: Uint8Array, compression: GelfOptions["compression"]): Promise<Uint8Array> {
  if (compression === "gzip") return gzipAsync(frame);
  return compression === "zlib" ? deflateAsync(frame) : frame;
}
