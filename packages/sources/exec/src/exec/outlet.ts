import { randomBytes } from "node:crypto";
import type { Event, LineBatch, SourceContext } from "@sluice/core";

/** Hands the outputs of a command to the pipeline: one batch at a time, whichever stream it comes from. */
export class Outlet {
  readonly #ctx: SourceContext;
  readonly #id: string;
  readonly #fields: Event;
  #last: Promise<unknown> = Promise.resolve();
  #exits = 0;

  /** @param fields what every event has, e.g. `process.command_line` */
  constructor(ctx: SourceContext, name: string, fields: Event) {
    this.#ctx = ctx;
    // What a command prints cannot be read again, so no id of this run may come again in the next one.
    this.#id = `${name}-${randomBytes(5).toString("hex")}`;
    this.#fields = fields;
  }

  /** Emits lines of `stdout` or `stderr`; `run` counts the runs of the command. */
  async lines(batch: LineBatch, stream: string, run: number): Promise<void> {
    const info = { id: `${this.#id}-${run}-${stream}`, fields: { ...this.#fields, stream } };
    await this.#inTurn(() => this.#ctx.emit({ ...batch, stream: info, streamKey: stream }));
  }

  /** Emits one event that is no line of the command's. */
  async event(message: string, fields: Event): Promise<void> {
    const data = new Uint8Array(Buffer.from(message));
    const framing = {
      kind: "records",
      starts: Uint32Array.of(0),
      ends: Uint32Array.of(data.length),
      positions: Float64Array.of(this.#exits++),
      extra: [fields],
    } as const;
    const info = { id: `${this.#id}-exit`, fields: this.#fields };
    await this.#inTurn(() => this.#ctx.emit({ data, framing, stream: info, streamKey: "exit" }));
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work, work);
    this.#last = turn;
    await turn;
  }
}
