import { Buffer } from "node:buffer";
import { type Event, parseRfc3339, type RecordBatch, readJsonObject } from "@sluice/core";

const ID_FIELD = Buffer.from('"event.id"');

/** Whether any record of a batch could be an archived event. */
export function mayHoldEvents({ stream, data }: RecordBatch): boolean {
  return (
    (stream.mayHoldEvents ?? false) && Buffer.from(data.buffer, data.byteOffset, data.byteLength).includes(ID_FIELD)
  );
}

/** The event that a sluice has written as a line of NDJSON; null when the line is anything else. */
export function readOwnEvent(line: string): Event | null {
  if (!line.startsWith("{")) return null;
  const event: Event | null = readJsonObject(line);
  if (event === null) return null;
  const { "@timestamp": time, "event.id": id, message } = event;
  const isOwn = typeof message === "string" && typeof id === "string" && id !== "" && typeof time === "string";
  return isOwn && parseRfc3339(time) !== null ? event : null;
}
