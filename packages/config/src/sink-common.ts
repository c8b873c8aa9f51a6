import { resolve } from "node:path";
import { duration, type SinkCommon, size } from "@sluice/core";
import { z } from "zod";

const KIB = 1024;
const MIB = 1024 * KIB;
const SMALLEST_DISK_BUFFER = MIB;
export const DEFAULT_BUFFER_MIB = { memory: 16, disk: 256 };

const isPositive = (bytes: number): boolean => bytes > 0;
const NOT_ZERO = "must be more than 0B";

const batch = z
  .strictObject({
    events: z.int().min(1).default(10_000).describe("Most events in a batch"),
    bytes: size().refine(isPositive, NOT_ZERO).prefault("1MiB").describe("Most bytes in a batch"),
    age: duration().prefault("200ms").describe("Longest time that a batch waits to become full"),
  })
  .prefault({})
  .describe("When a batch is complete: whichever comes first");

const retry = z
  .strictObject({
    initial: duration().prefault("500ms").describe("First pause; it doubles after each attempt, with full jitter"),
    max: duration().prefault("30s").describe("Longest pause"),
    attempts: z
      .union([z.int().min(1), z.literal("unlimited")])
      .default("unlimited")
      .describe("Attempts after which a batch counts as rejected"),
  })
  .refine(({ initial, max }) => initial <= max, { path: ["max"], message: "must not be shorter than `initial`" })
  .prefault({})
  .describe("How a batch that could not be delivered is offered again");

const buffer = z
  .strictObject({
    type: z.enum(["memory", "disk"]).default("memory").describe("Where waiting batches are kept"),
    size: size()
      .refine(isPositive, NOT_ZERO)
      .optional()
      .describe("Most bytes that wait: 16MiB in memory, 256MiB on disk unless set"),
    when_full: z
      .enum(["block", "drop_oldest", "drop_newest"])
      .default("block")
      .describe("What happens when it is full: the sources wait, or events are dropped and counted"),
    compression: z.enum(["none", "zstd"]).default("none").describe("How batches on disk are compressed"),
  })
  .refine((value) => value.type !== "disk" || value.size === undefined || value.size >= SMALLEST_DISK_BUFFER, {
    path: ["size"],
    message: "must be at least 1MiB on disk",
  })
  .prefault({})
  .describe("What waits for the sink. On disk, a batch is settled once it is synced, so that other sinks go on");

/** Options that every sink has besides its own. */
export const sinkCommonType = z.strictObject({
  when: z
    .union([z.string(), z.boolean()])
    .optional()
    .describe("Expression; the sink gets the events for which it holds"),
  batch,
  retry,
  buffer,
  dead_letter: z.string().min(1).optional().describe("File for events that the far end can never take, with reason"),
});

export const SINK_COMMON_KEYS: readonly string[] = Object.keys(sinkCommonType.shape);

/** What is meant by the common options of a sink; a relative `dead_letter` is beside the pipeline file. */
export function sinkCommon(parsed: z.infer<typeof sinkCommonType>, baseDir: string): SinkCommon {
  const { when, dead_letter, batch, retry, buffer } = parsed;
  return {
    batch,
    retry,
    buffer: { ...buffer, size: buffer.size ?? DEFAULT_BUFFER_MIB[buffer.type] * MIB },
    ...(when === undefined ? {} : { when: String(when) }),
    ...(dead_letter === undefined ? {} : { dead_letter: resolve(baseDir, dead_letter) }),
  };
}
