import { ByteWriter, type CreateContext, type EncodedBatch, type Logger, newTally, type Sink } from "@sluice/core";
import { gelfSink } from "../src/index.ts";

export const context: CreateContext = { name: "graylog", pipeline: "test", baseDir: "/", hostname: "box", warn() {} };

/** Batches of `size` messages with the event ids `from`, `from + 1`, … */
export function batchOf(from: number, size: number, address = "tcp://127.0.0.1:1"): EncodedBatch {
  const encoder = gelfSink.encoder(gelfSink.options.parse({ address }), context);
  const out = new ByteWriter();
  const ends = Uint32Array.from({ length: size }, (_, i) => {
    const event = { "@timestamp": "2017-01-10T16:06:27.000Z", message: `${"x".repeat(150)} ${from + i}` };
    encoder.encode({ ...event, "event.id": `id-${from + i}` }, out, newTally());
    return out.length;
  });
  return { bytes: out.take(), ends };
}

/** A log that keeps its warnings. */
export function warningLog(): { log: Logger; warnings: string[] } {
  const warnings: string[] = [];
  const silent = (): void => {};
  return { log: { debug: silent, info: silent, error: silent, warn: (_, text) => void warnings.push(text) }, warnings };
}

/** A started sink with options as in a pipeline file. */
export async function startSink(
  options: object,
  log: Logger = warningLog().log,
  warn: (message: string) => void = () => {},
): Promise<Sink> {
  const sink = gelfSink.create(gelfSink.options.parse(options), { ...context, warn });
  await sink.start?.({ log, deadline: new AbortController().signal });
  return sink;
}

/** Writes batches as the runtime does: several at once, each offered again until it is taken. Returns the attempts. */
export async function deliver(sink: Sink, batches: readonly EncodedBatch[], inFlight = 8): Promise<number> {
  let attempts = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < batches.length) {
      const batch = batches[next++] as EncodedBatch;
      for (let taken = false; !taken; ) {
        attempts++;
        taken = await sink.write(batch, new AbortController().signal).then(
          () => true,
          () => false,
        );
        if (!taken) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return attempts;
}

/** The ids from 0 to `count` that are not among the messages. */
export function missing(messages: readonly Record<string, unknown>[], count: number): string[] {
  const seen = new Set(messages.map((message) => message["_event_id"]));
  return Array.from({ length: count }, (_, i) => `id-${i}`).filter((id) => !seen.has(id));
}
