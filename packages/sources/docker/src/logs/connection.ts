import type { Readable } from "node:stream";
import type { EngineClient } from "../engine/client.ts";
import { type Moment, sinceText } from "../time.ts";

export interface LogRequest {
  readonly client: EngineClient;
  /** Of the container. */
  readonly id: string;
  readonly streams: readonly string[];
  readonly follow: boolean;
  /** Aborting it closes the connection. */
  readonly stop: AbortSignal;
}

/**
 * A connection over which a container's log is read. The engine holds the files that the log has when it is opened, so that
 * what they hold will come whole, however late, also when rotation has deleted them by then.
 */
export class LogConnection {
  /** Milliseconds since the epoch, by the engine's clock: the lines of before that are in those files. */
  readonly opened: number;
  /** The first line that was asked for. */
  readonly since: Moment;
  readonly body: Readable;
  readonly #closing: AbortController;

  private constructor(opened: number, since: Moment, body: Readable, closing: AbortController) {
    this.opened = opened;
    this.since = since;
    this.body = body;
    this.#closing = closing;
  }

  static async open({ client, id, streams, follow, stop }: LogRequest, since: Moment): Promise<LogConnection> {
    const opened = client.now();
    const closing = new AbortController();
    const query = {
      follow: follow ? "1" : "0",
      stdout: streams.includes("stdout") ? "1" : "0",
      stderr: streams.includes("stderr") ? "1" : "0",
      timestamps: "1",
      since: sinceText(since),
    };
    const signal = AbortSignal.any([stop, closing.signal]);
    const { body } = await client.stream(`/containers/${id}/logs`, query, signal);
    // One that nobody reads yet may be closed.
    body.on("error", () => {});
    return new LogConnection(opened, since, body, closing);
  }

  close(): void {
    this.#closing.abort();
  }
}
