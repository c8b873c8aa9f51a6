import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkJoiner, FrameSplitter } from "../src/index.ts";

test("splits a stream into the same frames wherever the chunks end", () => {
  fc.assert(
    fc.property(fc.uint8Array({ max: 3, maxLength: 60 }), fc.array(fc.nat(10)), (data, cuts) => {
      const frames: string[] = [];
      const splitter = new FrameSplitter(0, 1000, (some) => void frames.push(...some.map((f) => f.toString("hex"))));
      let at = 0;
      for (const cut of [...cuts, data.length]) {
        expect(splitter.push(Buffer.from(data.subarray(at, at + cut)))).toBe(true);
        at += cut;
      }
      const expected = Buffer.from(data)
        .toString("latin1")
        .split("\0")
        .map((f) => Buffer.from(f, "latin1").toString("hex"));
      expect([...frames, splitter.tail().toString("hex")]).toEqual(expected);
    }),
  );
});

test("gives up chunks that are impossible or incomplete for five seconds", () => {
  const joiner = new ChunkJoiner();
  const chunk = (id: number, number: number, total: number) =>
    Buffer.from([0x1e, 0x0f, id, 0, 0, 0, 0, 0, 0, 0, number, total, 0x61]);
  expect(joiner.add(chunk(1, 2, 2), 0)).toBeNull();
  expect(joiner.add(chunk(1, 0, 129), 0)).toBeNull();
  expect(joiner.dropped).toBe(2);
  expect(joiner.add(chunk(2, 0, 2), 0)).toBeNull();
  expect(joiner.add(chunk(2, 1, 2), 6000)).toBeNull();
  expect(joiner.dropped).toBe(3);
  expect(joiner.add(chunk(2, 0, 2), 6001)?.toString()).toBe("aa");
});

test("bounds the number and the bytes of messages that are incomplete, and gives up the oldest first", () => {
  const joiner = new ChunkJoiner({ messages: 2, bytes: 1000 });
  const chunk = (id: number, number: number, bytes = 1) =>
    Buffer.concat([Buffer.from([0x1e, 0x0f, id, 0, 0, 0, 0, 0, 0, 0, number, 2]), Buffer.alloc(bytes, 97)]);
  for (const id of [1, 2, 3]) expect(joiner.add(chunk(id, 0), 0)).toBeNull();
  expect([joiner.waiting, joiner.dropped]).toEqual([2, 1]);
  expect(joiner.add(chunk(2, 1), 0)?.toString()).toBe("aa");
  expect(joiner.add(chunk(4, 0, 990), 0)).toBeNull();
  expect([joiner.waiting, joiner.dropped, joiner.bytes]).toEqual([0, 3, 0]);
});

test("does not join the chunks of two senders that use the same id", () => {
  const joiner = new ChunkJoiner();
  const chunk = (number: number) => Buffer.from([0x1e, 0x0f, 1, 0, 0, 0, 0, 0, 0, 0, number, 2, 97 + number]);
  expect(joiner.add(chunk(0), 0, "a")).toBeNull();
  expect(joiner.add(chunk(1), 0, "b")).toBeNull();
  expect(joiner.add(chunk(1), 0, "a")?.toString()).toBe("ab");
  joiner.clear();
  expect(joiner.dropped).toBe(1);
});
