import type { EncodedBatch } from "@sluice/core";

/** One event, ready to be published. */
export interface Message {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** What the stream drops repeats by; undefined for an event without an id. */
  readonly id: string | undefined;
}

const NEWLINE = 10;
const ID = Buffer.from('"event.id":"');
const QUOTE = 34;
const BACKSLASH = 92;

/** The messages of a batch, in order. @param subject of all events; undefined when each frame begins with its own */
export function messagesOf({ bytes, ends }: EncodedBatch, subject: string | undefined): Message[] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Message[] = [];
  let start = 0;
  for (const end of ends) {
    const own = subject === undefined ? data.indexOf(NEWLINE, start) : -1;
    const payload = data.subarray(own < 0 ? start : own + 1, end - 1);
    messages.push({ subject: subject ?? data.toString("utf8", start, own), payload, id: idOf(payload) });
    start = end;
  }
  return messages;
}

/** Id of an event. What only looks like one, in an object within the event, must not be taken for it. */
function idOf(line: Buffer): string | undefined {
  const at = line.indexOf(ID);
  if (at < 0) return undefined;
  const start = at + ID.length;
  const end = line.indexOf(QUOTE, start);
  const isPlain = line.indexOf(ID, end) < 0 && !line.subarray(start, end).includes(BACKSLASH);
  if (isPlain && isOutermost(line, at)) return line.toString("utf8", start, end);
  const id = (JSON.parse(line.toString()) as Record<string, unknown>)["event.id"];
  return typeof id === "string" ? id : undefined;
}

/** Whether no object or list is open before a place: then no brace stands there but the first. */
function isOutermost(line: Buffer, at: number): boolean {
  const before = line.subarray(1, at);
  return !before.includes(0x7b) && !before.includes(0x5b);
}
