import type { JsMsg } from "@nats-io/jetstream";
import { expect, test } from "vitest";
import { batchOf } from "../src/batch.ts";

const message = (text: string, seq: number) =>
  ({
    data: new TextEncoder().encode(text),
    seq,
    subject: "logs.x",
    timestamp: "2026-01-05T06:00:00.000000001Z",
  }) as JsMsg;

test("a batch holds the messages in the order in which they came; those that are no events get an id of the stream's", () => {
  const event = '{"@timestamp":"2026-01-05T06:00:00Z","message":"m","event.id":"e-1"}';
  const batch = batchOf([message("a line", 0x1f), message("", 3), message(event, 4)], 7, {
    origin: "nats-o",
    streamId: "nats-o-r",
    format: "auto",
  });
  expect(Buffer.from(batch.data).toString()).toBe(`a line${event}`);
  expect(batch.framing).toMatchObject({
    kind: "records",
    starts: Uint32Array.of(0, 6, 6),
    ends: Uint32Array.of(6, 6, 6 + event.length),
    positions: Float64Array.of(7, 8, 9),
  });
  expect(batch.framing.kind === "records" && batch.framing.extra).toEqual({
    0: { "@timestamp": "2026-01-05T06:00:00.000000001Z", "event.id": "nats-o-1f", "labels.nats_subject": "logs.x" },
    1: { "@timestamp": "2026-01-05T06:00:00.000000001Z", "event.id": "nats-o-3", "labels.nats_subject": "logs.x" },
  });
  expect(batch.stream).toMatchObject({ id: "nats-o-r", mayHoldEvents: true });
});
