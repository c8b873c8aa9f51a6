import { type EncodedBatch, type Logger, type Sink, SluiceError } from "@sluice/core";
import type { PartResult } from "../acks/settlement.ts";
import type { PipelineSink } from "../pipeline-options.ts";
import { addCounts } from "../state/ledger.ts";
import { DeadLetterFile } from "./dead-letter.ts";
import { SinkRunner } from "./sink-runner.ts";

export interface ResendOptions {
  readonly pipeline: string;
  readonly sink: PipelineSink;
  /** Where frames go that are refused again. */
  readonly rejectedFile: string;
  readonly log: Logger;
  /** Gives up what is in flight. */
  readonly deadline: AbortSignal;
}

/**
 * Sends frames that were encoded before, as those of dead letters, and resolves with what became of them once all are
 * settled or the deadline has passed.
 */
export async function resend(options: ResendOptions, batches: AsyncIterable<EncodedBatch>): Promise<PartResult> {
  const { pipeline, sink, rejectedFile, log, deadline } = options;
  const { spec } = sink;
  if ("run" in sink.sink) throw new SluiceError("SLUICE_CONFIG", `sink ${spec.name} has no dead letters`);
  const runner = new SinkRunner({
    name: spec.name,
    sink: sink.sink as Sink,
    common: { ...spec, buffer: { type: "memory", size: spec.batch.bytes * 4, when_full: "block" } },
    overlapping: sink.overlapping ?? false,
    deadLetter: new DeadLetterFile(rejectedFile, { pipeline, sink: spec.name }),
    log,
    deadline,
  });
  void runner.start();
  const sum = { delivered: 0, deliveredBytes: 0, dropped: {} as Record<string, number> };
  const add = (result: PartResult) => {
    sum.delivered += result.delivered;
    sum.deliveredBytes += result.deliveredBytes;
    addCounts(sum.dropped, result.dropped);
  };
  const ended = new Promise<void>((resolve) => deadline.addEventListener("abort", () => resolve(), { once: true }));
  for await (const batch of batches) {
    if (deadline.aborted) break;
    await Promise.race([runner.accept(batch, add), ended]);
  }
  await Promise.race([runner.finish(), ended]);
  await runner.close();
  return sum;
}
