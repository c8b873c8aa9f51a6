import type { Readable } from "node:stream";
import { type LineBatch, LineCutter, type Logger } from "@sluice/core";
import { lineTexts } from "../process/line-texts.ts";

/** Longest part of a line that goes into sluice's own log. */
const LOGGED_BYTES = 1024;
/** Lines a run that go into the log. */
const LOGGED_LINES = 100;

/** Reads a stream as lines; the next bytes are read once `emit` has resolved. */
export async function readLines(
  stream: Readable,
  maxLine: number,
  emit: (batch: LineBatch) => Promise<void>,
): Promise<void> {
  const cutter = new LineCutter(maxLine);
  await readChunks(stream, async (chunk) => {
    for (const batch of cutter.take(chunk)) await emit(batch);
  });
  for (const batch of cutter.end()) await emit(batch);
}

/** Reads a stream as one record without the line end at its end; nothing when it is empty. */
export async function readWhole(
  stream: Readable,
  maxBytes: number,
  emit: (batch: LineBatch) => Promise<void>,
): Promise<void> {
  const parts: Uint8Array[] = [];
  let length = 0;
  await readChunks(stream, async (chunk) => {
    // One byte more than there may be tells that it was cut.
    const kept = chunk.subarray(0, maxBytes + 1 - length);
    length += kept.length;
    if (kept.length > 0) parts.push(kept);
  });
  if (length > 0) await emit(wholeBatch(parts, length, maxBytes));
}

function wholeBatch(parts: readonly Uint8Array[], length: number, maxBytes: number): LineBatch {
  const data = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  const isCut = length > maxBytes;
  const end = isCut ? maxBytes : withoutLineEnd(data);
  return {
    data,
    framing: {
      kind: "records",
      starts: Uint32Array.of(0),
      ends: Uint32Array.of(end),
      positions: Float64Array.of(0),
      ...(isCut && { extra: { 0: { tags: ["_line_cut"] } } }),
    },
  };
}

function withoutLineEnd(data: Uint8Array): number {
  if (data.at(-1) !== 10) return data.length;
  return data.at(-2) === 13 ? data.length - 2 : data.length - 1;
}

/** Writes the lines of a stream into sluice's own log, as far as they are not too many. */
export async function logLines(stream: Readable, log: Logger, fields: object): Promise<void> {
  let lines = 0;
  await readLines(stream, LOGGED_BYTES, async (batch) => {
    for (const { text } of lineTexts(batch)) {
      if (text === "" || lines > LOGGED_LINES) continue;
      lines++;
      if (lines <= LOGGED_LINES) log.warn({ ...fields, stderr: text }, "the command says");
      else log.warn(fields, `the command says more than ${LOGGED_LINES} lines; the others are left out`);
    }
  });
}

/** A stream that breaks off has ended: what it was read from tells why. */
async function readChunks(stream: Readable, take: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  for (;;) {
    const { value, done } = await chunks.next().catch(() => ({ value: undefined, done: true }));
    if (done || value === undefined) return;
    await take(value);
  }
}
