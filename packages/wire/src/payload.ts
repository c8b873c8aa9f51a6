import { gunzipSync, inflateSync } from "node:zlib";
import { type JsonObject, readExactJsonObject } from "@sluice/core";

/** Graylog's limit for what a compressed message may unfold to. */
const MAX_UNPACKED = 8 * 1024 * 1024;

/**
 * The JSON bytes of a GELF payload: gzip, zlib or plain, told apart by its first bytes. Throws on broken compression, and
 * on what unfolds to more than `maxBytes`.
 */
export function unpack(payload: Buffer, maxBytes = MAX_UNPACKED): Buffer {
  const [first, second] = payload;
  if (first === 0x1f && second === 0x8b) return gunzipSync(payload, { maxOutputLength: maxBytes });
  const isZlib = first === 0x78 && second !== undefined && (first * 256 + second) % 31 === 0;
  return isZlib ? inflateSync(payload, { maxOutputLength: maxBytes }) : payload;
}

/** The message in a JSON payload, or null when it is not an object, or nested too deep to be handed on. */
export function parseMessage(json: Buffer): JsonObject | null {
  return readExactJsonObject(json.toString("utf8"));
}
