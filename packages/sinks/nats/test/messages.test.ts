import type { EncodedBatch } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { messagesOf } from "../src/messages.ts";
import { subjectTemplate } from "../src/subject.ts";

function batchOf(...frames: string[]): EncodedBatch {
  const bytes = new Uint8Array(Buffer.from(frames.join("")));
  let end = 0;
  return { bytes, ends: Uint32Array.from(frames, (frame) => (end += Buffer.byteLength(frame))) };
}

const idsOf = (...events: unknown[]) =>
  messagesOf(batchOf(...events.map((event) => `${JSON.stringify(event)}\n`)), "s").map(({ id }) => id);

describe("messages", () => {
  test("are named by the id of their event", () => {
    expect(idsOf({ "@timestamp": "t", message: "m", "event.id": "a-1" }, { message: "é", "event.id": "a-2" })).toEqual([
      "a-1",
      "a-2",
    ]);
  });

  test("are not misled by what only looks like an id", () => {
    expect(
      idsOf(
        { message: '{"event.id":"wrong"}', "event.id": "right" },
        { object: { "event.id": "wrong" }, "event.id": "right" },
        { list: [{ "event.id": "wrong" }], "event.id": "right" },
        { "event.id": "right", object: { "event.id": "wrong" } },
        { "event.id": 'a"b\\' },
        { object: { "event.id": "wrong" } },
        { "event.id": 7 },
        {},
      ),
    ).toEqual(["right", "right", "right", "right", 'a"b\\', undefined, undefined, undefined]);
  });

  test("hold the event without its line end, under the subject that it tells", () => {
    const batch = batchOf('logs.a\n{"event.id":"1"}\n', 'logs.b\n{"event.id":"2"}\n');
    const seen = messagesOf(batch, undefined).map(({ subject, payload, id }) => [
      subject,
      Buffer.from(payload).toString(),
      id,
    ]);
    expect(seen).toEqual([
      ["logs.a", '{"event.id":"1"}', "1"],
      ["logs.b", '{"event.id":"2"}', "2"],
    ]);
  });
});

describe("a subject", () => {
  const place = { pipeline: "web", host: "h1.example.org" };

  test("is filled from the pipeline, the machine and the event, a token each", () => {
    const template = subjectTemplate("logs.{pipeline}.{host}.{url.path}.{status}.{none}");
    expect(template.render(place, { "url.path": "/a b.*>", status: 404 })).toBe(
      "logs.web.h1_example_org./a_b___.404._",
    );
    expect(template.isConstant).toBe(false);
    expect(template.pattern).toBe("logs.*.*.*.*.*");
    expect(subjectTemplate("logs.{host}").isConstant).toBe(true);
  });

  test.each(["", "a..b", "logs.*", "logs.>", "a b", "a.{}", "{open"])("cannot be %j", (text) => {
    expect(() => subjectTemplate(text)).toThrow();
  });
});
