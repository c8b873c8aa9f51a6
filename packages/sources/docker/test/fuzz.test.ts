import { parseRfc3339 } from "@sluice/core";
import { recordsOf, type SeenRecord } from "@sluice/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonLineSplitter } from "../src/engine/json-lines.ts";
import { readEngineEvent, recordOf, type TimedEvent } from "../src/events/engine-event.ts";
import { RecentEvents } from "../src/events/recent.ts";
import { FrameSplitter, TerminalSplitter } from "../src/logs/frames.ts";
import { Passage } from "../src/logs/passage.ts";
import { START } from "../src/logs/position.ts";
import { LogProgress } from "../src/logs/progress.ts";

const MAX_LINE = 200;

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length));
}

/** The records of a log whose bytes come in pieces, as the program would see them. */
function readLog(isTerminal: boolean, bytes: Buffer, cuts: readonly number[]): SeenRecord[] {
  const progress = new LogProgress("c".repeat(64), START, () => {});
  progress.isTerminal = isTerminal;
  const passage = new Passage({
    progress,
    follow: false,
    opened: 0,
    rotatesAt: Number.POSITIVE_INFINITY,
    repeats: false,
    maxLine: MAX_LINE,
    now: () => 0,
    isRelieved: () => false,
    onFault: () => {},
    onGap: () => {},
  });
  const splitter = isTerminal ? new TerminalSplitter() : new FrameSplitter();
  passage.arrive();
  let goesOn = true;
  for (const piece of pieces(bytes, cuts)) goesOn = goesOn && splitter.push(piece, passage);
  splitter.end(passage);
  passage.finish(true);
  const records: SeenRecord[] = [];
  for (let next = progress.take(); next; next = progress.take()) {
    const { framing } = next.batch;
    if (framing.kind === "records" && framing.stamps) expectStamps(framing.stamps.texts);
    records.push(...recordsOf(next.batch));
  }
  return records;
}

function expectStamps(texts: Uint8Array): void {
  for (let at = 0; at < texts.length; at += 30) {
    const text = Buffer.from(texts).toString("latin1", at, at + 30);
    expect(parseRfc3339(text), text).not.toBeNull();
  }
}

const stamp = fc.oneof(
  fc.constantFrom(
    "2026-11-20T18:01:03.179959118Z",
    "2026-11-20T18:01:03.179959119Z",
    "2026-11-20T18:01:99.000000000Z",
    "2026-11-20T18:01X03Y000000000Z",
    "2026-11-20T19:59:59.999999999+01:00",
    "1969-12-31T23:59:59.000000001Z",
    "9999-12-31T23:59:59.999999999-01:00",
    "0000-01-01T00:00:00.000000000+01:00",
    "0001-01-01T00:00:00Z",
  ),
  fc.string({ maxLength: 31 }),
);
const text = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom("", "\r", "\n", "a\r", "a\nb", "x".repeat(300)).map((one) => Buffer.from(one)),
);
const message = fc
  .tuple(stamp, text, fc.constantFrom(" ", ""), fc.constantFrom("\n", "\r\n", ""))
  .map(([time, line, space, end]) => Buffer.concat([Buffer.from(time + space), line, Buffer.from(end)]));
const cuts = fc.array(fc.nat(), { maxLength: 20 });

function framed(stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

describe("the log of a container", () => {
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), message), { maxLength: 20 });

  test("gives the same records wherever its chunks end, each with an id of its own", () => {
    fc.assert(
      fc.property(frames, cuts, fc.boolean(), (list, at, isTerminal) => {
        const bytes = Buffer.concat(list.map(([stream, one]) => (isTerminal ? one : framed(stream, one))));
        const whole = readLog(isTerminal, bytes, []);
        expect(readLog(isTerminal, bytes, at)).toEqual(whole);
        expect(new Set(whole.map(({ eventId }) => eventId)).size).toBe(whole.length);
        for (const { position } of whole) expect(position >= 0 && Number.isSafeInteger(position)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("loses no line: what has a line end becomes a record", () => {
    fc.assert(
      fc.property(frames, (list) => {
        const bytes = Buffer.concat(list.map(([stream, one]) => framed(stream, one)));
        const ended = list.filter(([, one]) => one.at(-1) === 10).length;
        const records = readLog(false, bytes, []);
        expect(records.length).toBeGreaterThanOrEqual(ended);
        expect(records.length).toBeLessThanOrEqual(list.length);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("events of the engine", () => {
  const name = fc.constantFrom("name", "exitCode", "__proto__", "constructor", "toString", "image", "a.b");
  const attributes = fc.oneof(fc.jsonValue(), fc.dictionary(name, fc.jsonValue({ maxDepth: 2 })));
  const seconds = fc.oneof(fc.double(), fc.constantFrom(0, -1, 1e300, 253_402_300_800, 1_795_197_540.5));
  const event = fc.record(
    {
      Type: fc.oneof(fc.constantFrom("container", "image"), fc.jsonValue()),
      Action: fc.oneof(fc.constantFrom("die", "health_status: unhealthy", "start"), fc.jsonValue()),
      Actor: fc.oneof(fc.record({ ID: fc.oneof(fc.string(), fc.jsonValue()), Attributes: attributes }), fc.jsonValue()),
      scope: fc.jsonValue(),
      time: fc.oneof(seconds, fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  const nanos = fc.constantFrom("", "1", "1795197540336123456", "9".repeat(30), "9".repeat(400));
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 10))),
    fc.tuple(event, nanos).map(([value, digits]) => {
      const json = JSON.stringify(value);
      const own = json === "{}" ? "" : ",";
      return Buffer.from(digits === "" ? json : `${json.slice(0, -1)}${own}"timeNano":${digits}}`);
    }),
  );

  test("are read or counted, never throw, and do not depend on chunks", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), cuts, (list, at) => {
        const bytes = Buffer.concat(list.flatMap((one) => [one, Buffer.from("\n")]));
        const splitter = new JsonLineSplitter();
        const lines = pieces(bytes, at).flatMap((piece) => splitter.push(piece));
        expect(lines).toEqual(new JsonLineSplitter().push(bytes));
        expect(lines.length + splitter.takeSkipped()).toBe(list.length);
        const recent = new RecentEvents(undefined);
        for (const read of lines.map(readEngineEvent)) if (read) expectWellFormed(read, recent);
      }),
      { numRuns: 1000 },
    );
  });

  function expectWellFormed(read: TimedEvent, recent: RecentEvents): void {
    const { text: said, fields } = recordOf(read);
    expect(said.length).toBeGreaterThan(0);
    expect(parseRfc3339(fields["@timestamp"] as string)).not.toBeNull();
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
    recent.add(read);
    expect(recent.add(read)).toBe(false);
    expect(Number.isFinite(recent.since.sec)).toBe(true);
  }

  test("nested without end are left out and counted", () => {
    const splitter = new JsonLineSplitter();
    const deep = `{"Type":"container","Action":"die","Actor":${'{"Attributes":'.repeat(20_000)}1${"}".repeat(20_001)}\n`;
    expect(splitter.push(Buffer.from(deep))).toEqual([]);
    expect(splitter.takeSkipped()).toBe(1);
  });

  test("longer than four MiB are left out and counted", () => {
    const splitter = new JsonLineSplitter();
    const block = Buffer.alloc(1 << 20, 97);
    for (let i = 0; i < 5; i++) expect(splitter.push(block)).toEqual([]);
    expect(splitter.push(Buffer.from('\n{"Type":"x"}\n')).map(({ text: one }) => one)).toEqual(['{"Type":"x"}']);
    expect(splitter.takeSkipped()).toBe(1);
  });
});
