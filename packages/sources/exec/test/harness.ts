import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Event, Logger, SourceDefinition } from "@sluice/core";
import { FakeSourceContext, type FakeSourceOptions, recordsOf } from "@sluice/testkit";

const PATIENCE_MS = 60_000;

/** A directory of its own for each test, with a short path, for sockets; removed by `remove`. */
export function scratch(): { readonly dir: string; path(name: string): string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), "slx-"));
  return { dir, path: (name) => join(dir, name), remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export function create<O>(definition: SourceDefinition<O>, dir: string, options: unknown) {
  const parsed = definition.options.parse(options);
  return definition.create(parsed, { name: "test", pipeline: "p", baseDir: dir, hostname: "h", warn: () => {} });
}

/** A logger that remembers. */
export class Remembering implements Logger {
  readonly entries: { readonly level: string; readonly message: string; readonly [field: string]: unknown }[] = [];
  debug = (): void => {};
  info = (fields: object, message: string): void => void this.entries.push({ ...fields, level: "info", message });
  warn = (fields: object, message: string): void => void this.entries.push({ ...fields, level: "warn", message });
  error = (fields: object, message: string): void => void this.entries.push({ ...fields, level: "error", message });
}

/** Waits until something holds. */
export async function until(condition: () => boolean, what: () => unknown): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !condition(); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`not in time; there is ${JSON.stringify(what())}`);
  }
}

/** A started source. */
export class Started {
  readonly ctx: FakeSourceContext;
  readonly log = new Remembering();
  readonly ended: Promise<void>;
  isOver = false;

  constructor(make: () => ReturnType<typeof create>, context: FakeSourceOptions = {}) {
    this.ctx = new FakeSourceContext({ log: this.log, ...context });
    this.ended = make()
      .run(this.ctx)
      .finally(() => {
        this.isOver = true;
      });
    this.ended.catch(() => {});
  }

  get texts(): string[] {
    return this.ctx.texts;
  }

  get events(): Event[] {
    return eventsOf(this.ctx);
  }

  until(condition: () => boolean): Promise<void> {
    return until(condition, () => ({ texts: this.texts.slice(-30), log: this.log.entries.slice(-10) }));
  }

  async stop(): Promise<void> {
    this.ctx.end();
    await this.ended;
  }
}

/** The events that the program makes of what was emitted. */
export function eventsOf(ctx: FakeSourceContext): Event[] {
  return ctx.batches.flatMap((batch) => {
    const { framing, stream } = batch;
    return recordsOf(batch).map(({ text, eventId }, i) => ({
      message: text,
      "event.id": eventId,
      ...stream.fields,
      ...(framing.kind === "records" ? framing.extra?.[i] : {}),
    }));
  });
}

/** Whether a process that wrote its id into a file is still there. */
export function isAlive(pidFile: string): boolean {
  const pid = readFileSync(pidFile, "utf8").trim();
  // A process that nobody has waited for yet has ended all the same.
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}
