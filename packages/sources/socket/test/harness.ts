import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import type { Logger, Source, SourceDefinition } from "@sluice/core";
import { FakeSourceContext, type FakeSourceOptions } from "@sluice/testkit";

/** A log that is kept. */
export class KeptLog implements Logger {
  readonly entries: { readonly fields: Record<string, unknown>; readonly message: string }[] = [];
  debug = (fields: object, message: string): void => this.#keep(fields, message);
  info = this.debug;
  warn = this.debug;
  error = this.debug;

  #keep(fields: object, message: string): void {
    this.entries.push({ fields: fields as Record<string, unknown>, message });
  }
}

export function createSource<O>(definition: SourceDefinition<O>, options: object, name = "net"): Source {
  const parsed = definition.options.parse(options);
  return definition.create(parsed, { name, pipeline: "p", baseDir: "/", hostname: "h", warn: () => {} });
}

/** A source at work on a port of its own. */
export class RunningSource implements AsyncDisposable {
  readonly ctx: FakeSourceContext;
  readonly log = new KeptLog();
  readonly ended: Promise<void>;

  private constructor(source: Source, options: FakeSourceOptions) {
    this.ctx = new FakeSourceContext({ ...options, log: this.log });
    this.ended = source.run(this.ctx);
    this.ended.catch(() => {});
  }

  static async start<O>(definition: SourceDefinition<O>, options: object = {}, context: FakeSourceOptions = {}) {
    const source = createSource(definition, { address: "127.0.0.1:0", ...options });
    const running = new RunningSource(source, context);
    await Promise.race([running.until(() => running.port > 0, "it to listen"), running.ended]);
    return running;
  }

  get port(): number {
    return (this.log.entries.find(({ message }) => message === "listening")?.fields["port"] as number) ?? 0;
  }

  get texts(): string[] {
    return this.ctx.texts;
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async connect(): Promise<Socket> {
    const socket = createConnection({ host: "127.0.0.1", port: this.port, allowHalfOpen: true });
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ctx.end();
    await this.ended.catch(() => {});
  }
}

/** Sends everything and closes; resolves when the other side has closed as well. */
export async function sendAll(socket: Socket, data: string | Buffer): Promise<void> {
  socket.resume().end(data);
  await once(socket, "close");
}
