import type { JsMsg } from "@nats-io/jetstream";
import type { Event, RecordBatch } from "@sluice/core";

const ID = Buffer.from('"event.id"');

/** What is the same for all messages of a run. */
export interface Batching {
  /** Of the stream in NATS: the same for all sluices, and after a restart. */
  readonly origin: string;
  /** Of the batches of this run: the order in which messages come is its own. */
  readonly streamId: string;
  readonly format: "auto" | "lines";
}

/** A batch of messages. @param first position of the first of them, by which the sinks order them */
export function batchOf(
  messages: readonly JsMsg[],
  first: number,
  { origin, streamId, format }: Batching,
): RecordBatch {
  const starts = new Uint32Array(messages.length);
  const ends = new Uint32Array(messages.length);
  const positions = new Float64Array(messages.length);
  const data = new Uint8Array(messages.reduce((sum, message) => sum + message.data.length, 0));
  const extra: { [index: number]: Event } = {};
  let at = 0;
  for (const [index, message] of messages.entries()) {
    starts[index] = at;
    data.set(message.data, at);
    at += message.data.length;
    ends[index] = at;
    positions[index] = first + index;
    const isEvent =
      format === "auto" && Buffer.from(message.data.buffer, message.data.byteOffset, message.data.length).includes(ID);
    // A line that is no event gets its id from its place in the stream, whoever takes it, and however often.
    if (!isEvent) extra[index] = ownFields(message, origin);
  }
  const stream = { id: streamId, fields: {}, mayHoldEvents: format === "auto" };
  return { stream, data, framing: { kind: "records", starts, ends, positions, extra } };
}

function ownFields(message: JsMsg, origin: string): Event {
  const { seq, subject } = message;
  return {
    "@timestamp": message.timestamp,
    "event.id": `${origin}-${seq.toString(16)}`,
    "labels.nats_subject": subject,
  };
}
