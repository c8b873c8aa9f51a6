import { setImmediate } from "node:timers/promises";
import { recordsOf, type SeenRecord } from "@sluice/testkit";
import type { Content } from "../src/content.ts";
import { type ContentPosition, type LineBatch, lineBatches } from "../src/line-batches.ts";
import { beginsWithLabel, readMultilogLabel } from "../src/multilog.ts";

/** The bytes in chunks of the given sizes, over and over. */
export async function* chunked(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    yield bytes.subarray(at, at + size);
    at += size;
    await setImmediate();
  }
}

export const START: ContentPosition = { offset: 0, skipping: false };

/** What reading gave, and how it ended. */
export interface Outcome {
  readonly records: SeenRecord[];
  readonly times: unknown[];
  readonly ends: ContentPosition[];
  readonly error: Error | undefined;
}

/** Reads content to its end or its fault. */
export async function readAll(
  content: AsyncIterable<Uint8Array> | Content,
  options: Partial<Parameters<typeof lineBatches>[1]> = {},
) {
  const outcome = {
    records: [] as SeenRecord[],
    times: [] as unknown[],
    ends: [] as ContentPosition[],
    error: undefined as Error | undefined,
  };
  const label = (head: Uint8Array) => (beginsWithLabel(head) ? readMultilogLabel : null);
  try {
    for await (const batch of lineBatches("bytes" in content ? content : { bytes: content, startsAt: 0 }, {
      from: START,
      maxLine: 1000,
      batchBytes: 4096,
      label,
      ...options,
    })) {
      outcome.records.push(...recordsOf({ ...batch, stream: { id: "a", fields: {} }, streamKey: "a" }));
      outcome.times.push(...timesOf(batch));
      outcome.ends.push(batch.end);
    }
  } catch (error) {
    outcome.error = error as Error;
  }
  return outcome satisfies Outcome;
}

function timesOf({ framing }: LineBatch): unknown[] {
  if (framing.kind === "lines") return [];
  return Array.from(framing.starts, (_, i) => framing.extra?.[i]?.["@timestamp"] ?? null);
}
