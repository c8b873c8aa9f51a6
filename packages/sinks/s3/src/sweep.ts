import { type Logger, type SinkSpec, SluiceError } from "@sluice/core";
import { keyTemplate } from "./key-template.ts";
import { s3Options } from "./options.ts";

/** An upload in parts that was begun and neither completed nor aborted: its parts are paid for, and seen by nobody. */
export interface OpenUpload {
  readonly bucket: string;
  readonly key: string;
  readonly id: string;
  /** Milliseconds since the epoch; 0 when the store does not tell. */
  readonly begun: number;
}

export interface Sweep {
  readonly pipeline: string;
  readonly host: string;
  /** Only uploads begun before this time, in milliseconds since the epoch. */
  readonly before: number;
  readonly abort: boolean;
  readonly log: Logger;
}

/** Lists the stale uploads of a sink `s3` of this machine, and aborts each before it is handed on where that is asked. */
export async function* sweepUploads(sink: SinkSpec, sweep: Sweep): AsyncGenerator<OpenUpload> {
  const parsed = s3Options.safeParse(sink.options);
  if (!parsed.success) throw new SluiceError("SLUICE_CONFIG", `sink ${sink.name}: its options are not valid`);
  const options = parsed.data;
  const { pipeline, host, before, abort, log } = sweep;
  const { prefix, pattern } = keyTemplate(options.key).shape({ prefix: options.prefix, pipeline, host });
  const { openStore } = await import("./store.ts");
  const store = await openStore(options, log);
  try {
    for await (const upload of store.openUploads(options.bucket, prefix)) {
      if (!pattern.test(upload.key) || upload.begun >= before) continue;
      if (abort) await store.abort(upload.bucket, upload.key, upload.id);
      yield upload;
    }
  } finally {
    store.close();
  }
}
