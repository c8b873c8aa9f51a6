import { randomBytes } from "node:crypto";
import { type Readable, Transform } from "node:stream";
import { finished } from "node:stream/promises";
import { type LineBatch, LineCutter, type Source, type SourceContext, type SourceDefinition, size } from "@sluice/core";
import { z } from "zod";

const options = z.strictObject({
  max_line_bytes: size()
    .prefault("1MiB")
    .describe("A longer line is cut here and tagged `_line_cut`; its rest is skipped."),
});

/** Source `stdin`: the lines of standard input, until it ends. They cannot be read again after a restart. */
export const stdinSource: SourceDefinition<z.infer<typeof options>> = {
  kind: "source",
  type: "stdin",
  summary: "Lines of standard input; the run ends at end of file.",
  options,
  create: ({ max_line_bytes }, ctx): Source => ({
    // Lines of a pipe have no position that means anything in the next run, so neither may their ids repeat there.
    run: (run) => readLines(process.stdin, max_line_bytes, `${ctx.name}-${randomBytes(5).toString("hex")}`, run),
  }),
};

async function readLines(input: Readable, maxLine: number, id: string, ctx: SourceContext): Promise<void> {
  const batches = input.pipe(lineBatches(maxLine));
  const stop = (): void => void batches.destroy();
  ctx.stop.addEventListener("abort", stop, { once: true });
  const failed = finished(batches).catch(() => {});
  try {
    for await (const batch of batches as AsyncIterable<LineBatch>) {
      await ctx.emit({ ...batch, stream: { id, fields: {} }, streamKey: "stdin" });
    }
  } catch (error) {
    if (!ctx.stop.aborted) throw error;
  } finally {
    ctx.stop.removeEventListener("abort", stop);
    input.unpipe(batches);
    input.pause();
    await failed;
  }
}

function lineBatches(maxLine: number): Transform {
  const lines = new LineCutter(maxLine);
  return new Transform({
    readableObjectMode: true,
    readableHighWaterMark: 1,
    transform(chunk: Uint8Array, _encoding, done) {
      for (const batch of lines.take(chunk)) this.push(batch);
      done();
    },
    flush(done) {
      for (const batch of lines.end()) this.push(batch);
      done();
    },
  });
}
