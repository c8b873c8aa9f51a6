import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { RecordBatch, Source, SourceContext, SourceDefinition } from "@sluice/core";
import split2 from "split2";
import { z } from "zod";

const options = z.strictObject({});

const MAX_BATCH_BYTES = 256 * 1024;

/** Source `stdin`: the lines of standard input, until it ends. They cannot be read again after a restart. */
export const stdinSource: SourceDefinition<z.infer<typeof options>> = {
  kind: "source",
  type: "stdin",
  summary: "Lines of standard input; the run ends at end of file.",
  options,
  create: (_options, ctx): Source => ({
    // Lines of a pipe have no position that means anything in the next run, so neither may their ids repeat there.
    run: (run) => readLines(process.stdin, `${ctx.name}-${randomBytes(5).toString("hex")}`, run),
  }),
};

/** Emits the lines of a stream in batches: whatever is there, up to a size, so that a single line does not wait. */
async function readLines(input: Readable, id: string, ctx: SourceContext): Promise<void> {
  const lines = input.pipe(split2({ maxLength: 64 * 1024 * 1024 }));
  const stop = (): void => void lines.destroy();
  ctx.stop.addEventListener("abort", stop, { once: true });
  const failed = finished(lines).catch(() => {});
  let position = 0;
  try {
    for await (const batch of batches(lines)) {
      await ctx.emit({ ...toRecords(batch, position, id), streamKey: "stdin" });
      position += batch.length;
    }
  } catch (error) {
    if (!ctx.stop.aborted) throw error;
  } finally {
    ctx.stop.removeEventListener("abort", stop);
    input.unpipe(lines);
    input.pause();
    await failed;
  }
}

async function* batches(lines: Readable): AsyncGenerator<string[]> {
  let pending: string[] = [];
  let size = 0;
  for await (const line of lines as AsyncIterable<string>) {
    pending.push(line);
    size += line.length;
    if (size < MAX_BATCH_BYTES && lines.readableLength > 0) continue;
    yield pending;
    pending = [];
    size = 0;
  }
  if (pending.length > 0) yield pending;
}

function toRecords(lines: readonly string[], first: number, id: string): RecordBatch {
  const text = Buffer.from(`${lines.join("\n")}\n`);
  const data = new Uint8Array(text);
  const starts = new Uint32Array(lines.length);
  const ends = new Uint32Array(lines.length);
  let at = 0;
  for (const [i, line] of lines.entries()) {
    starts[i] = at;
    at += Buffer.byteLength(line);
    ends[i] = at++;
  }
  const positions = Float64Array.from(lines, (_, i) => first + i);
  return { stream: { id, fields: {} }, data, framing: { kind: "records", starts, ends, positions } };
}
