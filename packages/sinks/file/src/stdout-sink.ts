import type { Writable } from "node:stream";
import {
  type EncodedBatch,
  errorText,
  harmless,
  lineEncoder,
  lineFormat,
  type Sink,
  type SinkDefinition,
  SluiceError,
  type WriteResult,
} from "@sluice/core";
import { z } from "zod";

const stdoutOptions = z.strictObject({ format: lineFormat });

/** Lines on the standard output. */
export const stdoutSink: SinkDefinition<z.output<typeof stdoutOptions>, Sink> = {
  kind: "sink",
  type: "stdout",
  summary: "Prints events as NDJSON or raw lines.",
  options: stdoutOptions,
  encoder: ({ format }) => lineEncoder(format),
  create: () => new StdoutSink(process.stdout, () => process.kill(process.pid, "SIGTERM")),
};

/** Prints batches. When nobody reads any more (`| head`), it asks the process to end. */
export class StdoutSink implements Sink {
  readonly #out: Writable & { readonly isTTY?: boolean };
  readonly #onClosed: () => void;
  #isOver = false;

  /** @param onClosed called once when the reader of the output has gone. */
  constructor(out: Writable & { readonly isTTY?: boolean }, onClosed: () => void) {
    this.#out = out;
    this.#onClosed = onClosed;
  }

  async start(): Promise<void> {
    // Errors reach the callback of the write; without a listener they would end the process as well.
    this.#out.on("error", ignore);
  }

  async write(batch: EncodedBatch): Promise<WriteResult> {
    if (!this.#isOver) await this.#print(batch.bytes);
    if (!this.#isOver) return {};
    return { rejected: Array.from(batch.ends, (_, frame) => ({ frame, reason: "stdout was closed by its reader" })) };
  }

  async close(): Promise<void> {
    this.#out.removeListener("error", ignore);
  }

  async #print(bytes: Uint8Array): Promise<void> {
    const error = await new Promise<Error | null | undefined>((resolve) => {
      this.#out.write(this.#out.isTTY ? harmless(new TextDecoder().decode(bytes)) : bytes, resolve);
    });
    if (!error) return;
    const code = (error as { code?: string }).code ?? "";
    if (!["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"].includes(code)) {
      throw new SluiceError("SLUICE_UNREACHABLE", `cannot print: ${errorText(error)}`, { cause: error });
    }
    this.#isOver = true;
    this.#onClosed();
  }
}

function ignore(): void {}
