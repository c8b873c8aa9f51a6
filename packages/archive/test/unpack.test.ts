import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unpacked } from "../src/unpack.ts";
import { chunked } from "./content.ts";

/** With a checksum, as zstd(1) packs: without one, some corruption cannot be seen. */
const zstd = (bytes: Uint8Array) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
const packings = [
  ["gzip", (bytes: Uint8Array) => gzipSync(bytes)],
  ["zstd", zstd],
] as const;

async function contentOf(packed: Uint8Array, sizes: readonly number[] = [65_536]) {
  const parts: Uint8Array[] = [];
  let error: Error | undefined;
  try {
    for await (const part of unpacked(chunked(packed, sizes))) parts.push(part);
  } catch (caught) {
    error = caught as Error;
  }
  return { content: Buffer.concat(parts), error };
}

const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 });
/** A few hundred lines that do not pack to nothing. */
const noise = Buffer.from(Array.from({ length: 8000 }, (_, i) => `line ${i} ${Math.sin(i)}\n`).join(""));

describe.each(packings)("%s", (_name, pack) => {
  test("any members, in any chunks, are unpacked one after the other", async () => {
    const members = fc.array(fc.uint8Array({ maxLength: 500 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(members, sizes, async (parts, sizes) => {
        const packed = Buffer.concat(parts.map((part) => pack(part)));
        expect(await contentOf(packed, sizes)).toEqual({ content: Buffer.concat(parts), error: undefined });
      }),
      { numRuns: 100 },
    );
  });

  test("what is torn gives what it holds, and says that its end is missing", async () => {
    const packed = pack(noise);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 8, max: packed.length - 1 }), async (length) => {
        const { content, error } = await contentOf(packed.subarray(0, length));
        expect(error?.message).toBe("its end is missing");
        expect(noise.subarray(0, content.length).equals(content)).toBe(true);
        // zstd unpacks by blocks of 128 KiB; what lies before the torn one must be there.
        const share = (length - 8) / packed.length;
        expect(content.length).toBeGreaterThanOrEqual(share * noise.length - 2 * 131_072);
      }),
      { numRuns: 30 },
    );
  });

  test("zeros behind the last member are padding, other bytes are a fault", async () => {
    const packed = pack(noise);
    expect((await contentOf(Buffer.concat([packed, Buffer.alloc(100_000)]))).error).toBeUndefined();
    const { error } = await contentOf(Buffer.concat([packed, Buffer.from("garbage")]), [packed.length]);
    expect(error?.name).toBe("DamagedArchiveError");
  });

  test("corruption anywhere neither hangs nor passes for more than the content before it", async () => {
    const packed = pack(noise);
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bad = Buffer.from(packed);
        bad[at] = (bad[at] as number) ^ flip;
        const { content, error } = await contentOf(bad);
        // The first bytes tell the packing, and a few bits of a header mean nothing.
        if (at >= 10) expect(error !== undefined || content.equals(noise)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

test("anything else passes as it is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), sizes, async (bytes, sizes) => {
      fc.pre(!["1f8b", "28b5", "425a", "fd37", "504b"].includes(Buffer.from(bytes.subarray(0, 2)).toString("hex")));
      fc.pre(((bytes[0] ?? 0) & 0xf0) !== 0x50);
      expect(await contentOf(bytes, sizes)).toEqual({ content: Buffer.from(bytes), error: undefined });
    }),
  );
});

test("arbitrary bytes that claim to be packed never hang", async () => {
  const magic = fc.constantFrom([0x1f, 0x8b], [0x1f, 0x8b, 8, 0], [0x28, 0xb5, 0x2f, 0xfd], [0x50, 0x2a, 0x4d, 0x18]);
  await fc.assert(
    fc.asyncProperty(magic, fc.uint8Array({ maxLength: 300 }), sizes, async (head, rest, sizes) => {
      await contentOf(Buffer.concat([Buffer.from(head), rest]), sizes);
    }),
    { numRuns: 300 },
  );
});

test("packings that cannot be read are named", async () => {
  expect((await contentOf(Buffer.from("BZh91AY&SY"))).error?.message).toContain("bzip2");
  expect((await contentOf(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]))).error?.message).toContain("xz");
});

test("a bomb is unpacked bit by bit", async () => {
  const packed = gzipSync(Buffer.alloc(200 * 1024 * 1024));
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for await (const _ of unpacked(chunked(packed, [65_536]))) {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(most).toBeLessThan(100 * 1024 * 1024);
});
