import type { Logger } from "@sluice/core";
import { type DockerEngine, FakeSourceContext } from "@sluice/testkit";
import { dockerEventsSource, dockerLogsSource } from "../src/index.ts";

export const CREATE = { name: "docker", pipeline: "test", baseDir: "/", hostname: "test-host", warn: () => {} };

/** A source `docker_logs` over the engine, made as a pipeline would. */
export function logsSource(engine: Pick<DockerEngine, "socket">, options: object = {}) {
  const parsed = dockerLogsSource.options.parse({ host: `unix://${engine.socket}`, ...options });
  return dockerLogsSource.create(parsed, CREATE);
}

/** A source `docker_events` over the engine. */
export function eventsSource(engine: Pick<DockerEngine, "socket">, options: object = {}) {
  const parsed = dockerEventsSource.options.parse({ host: `unix://${engine.socket}`, ...options });
  return dockerEventsSource.create(parsed, CREATE);
}

/** A logger that keeps what it is told. */
export function rememberingLogger(): Logger & {
  readonly entries: { level: string; message: string; fields: object }[];
} {
  const entries: { level: string; message: string; fields: object }[] = [];
  const at = (level: string) => (fields: object, message: string) => void entries.push({ level, message, fields });
  return { entries, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A source that runs until the test ends it. */
export class RunningLogs implements AsyncDisposable {
  readonly ctx: FakeSourceContext;
  readonly #ended: Promise<void>;

  constructor(
    engine: Pick<DockerEngine, "socket">,
    options: object = {},
    context: ConstructorParameters<typeof FakeSourceContext>[0] = {},
  ) {
    this.ctx = new FakeSourceContext({ remember: false, ...context });
    this.#ended = logsSource(engine, options).run(this.ctx);
  }

  /** Texts of the lines of one output of a container. */
  lines(id: string, stream = "stdout"): string[] {
    return this.ctx.records
      .filter((record) => record.streamKey === id && record.eventId.includes(`-${stream}`))
      .map(({ text }) => text);
  }

  async stop(): Promise<void> {
    this.ctx.end();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
