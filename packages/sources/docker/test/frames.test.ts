import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonLineSplitter } from "../src/engine/json-lines.ts";
import { FrameSplitter, type MessageSplitter, TerminalSplitter } from "../src/logs/frames.ts";

/** What a splitter makes of bytes that come in pieces. */
function messagesOf(splitter: MessageSplitter, bytes: Buffer, cuts: readonly number[]) {
  const messages: [number, string][] = [];
  const faults: string[] = [];
  const handler = {
    message(stream: number, data: Buffer, start: number, end: number) {
      messages.push([stream, data.toString("latin1", start, end)]);
      return true;
    },
    fault: (text: string) => void faults.push(text),
  };
  let goesOn = true;
  for (const piece of pieces(bytes, cuts)) goesOn = goesOn && splitter.push(piece, handler);
  if (goesOn) splitter.end(handler);
  return { messages, faults, goesOn };
}

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length));
}

function frame(stream: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

const STAMP = "2026-11-20T18:01:03.179959118Z ";
const cuts = fc.array(fc.nat(), { maxLength: 20 });

describe("frames of stdout and stderr", () => {
  const payloads = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 300 })), { maxLength: 20 });

  test("come out as they went in, wherever the chunks end", () => {
    fc.assert(
      fc.property(payloads, cuts, (list, at) => {
        const bytes = Buffer.concat(list.map(([stream, payload]) => frame(stream, payload)));
        const { messages, faults } = messagesOf(new FrameSplitter(), bytes, at);
        expect(messages).toEqual(list.map(([stream, payload]) => [stream, Buffer.from(payload).toString("latin1")]));
        expect(faults).toEqual([]);
      }),
    );
  });

  test("may be anything at all without an exception, and without a difference that chunks make", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (bytes, at) => {
        const whole = messagesOf(new FrameSplitter(), Buffer.from(bytes), []);
        expect(messagesOf(new FrameSplitter(), Buffer.from(bytes), at)).toEqual(whole);
      }),
    );
  });

  test("tell of an error of the daemon between them", () => {
    const bytes = Buffer.concat([
      frame(1, Buffer.from(`${STAMP}a\n`)),
      frame(3, Buffer.from("error from daemon in stream: Error grabbing logs: EOF\n")),
      frame(2, Buffer.from(`${STAMP}b\n`)),
    ]);
    const { messages, faults } = messagesOf(new FrameSplitter(), bytes, [9]);
    expect(messages.map(([stream]) => stream)).toEqual([1, 2]);
    expect(faults).toEqual(["error from daemon in stream: Error grabbing logs: EOF"]);
  });

  test("end where there is no frame", () => {
    const { faults, goesOn } = messagesOf(new FrameSplitter(), Buffer.from("HTTP/1.1 400 Bad"), []);
    expect([goesOn, faults]).toEqual([false, ["its answer is not made of frames"]]);
  });
});

describe("a terminal's messages", () => {
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.integer({ min: 16_380, max: 16_390 }).map((length) => new Uint8Array(length).fill(65)),
  );
  const lines = fc.array(
    text.map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 10))),
    { maxLength: 6 },
  );

  test("are the same, wherever the chunks end, and hold all bytes", () => {
    fc.assert(
      fc.property(lines, cuts, (list, at) => {
        const bytes = Buffer.concat(list.flatMap((line) => asDockerDoes(line)));
        const whole = messagesOf(new TerminalSplitter(), bytes, []);
        expect(messagesOf(new TerminalSplitter(), bytes, at)).toEqual(whole);
        expect(whole.messages.map(([, message]) => message).join("")).toBe(bytes.toString("latin1"));
        const joined = whole.messages.map(([, message]) => message.slice(STAMP.length)).join("");
        expect(joined).toBe(list.map((line) => `${line.toString("latin1")}\n`).join(""));
      }),
      { numRuns: 60 },
    );
  });

  /** Parts of 16 KiB, each with a stamp. */
  function asDockerDoes(line: Buffer): Buffer[] {
    const parts: Buffer[] = [];
    let at = 0;
    for (; line.length - at >= 16_384; at += 16_384) parts.push(Buffer.from(STAMP), line.subarray(at, at + 16_384));
    return [...parts, Buffer.from(STAMP), line.subarray(at), Buffer.from("\n")];
  }
});

describe("lines of JSON", () => {
  test("never throw, and chunks make no difference", () => {
    const line = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), cuts, (list, at) => {
        const bytes = Buffer.concat(list.flatMap((item) => [item, Buffer.from("\n")]));
        const whole = new JsonLineSplitter().push(bytes);
        const splitter = new JsonLineSplitter();
        expect(pieces(bytes, at).flatMap((piece) => splitter.push(piece))).toEqual(whole);
      }),
    );
  });
});
