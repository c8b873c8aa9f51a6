import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FakeSourceContext, type FakeSourceOptions } from "@sluice/testkit";
import type { z } from "zod";
import { fileSource } from "../src/index.ts";
import type { fileOptions } from "../src/options.ts";

export type RawOptions = z.input<typeof fileOptions>;

/** A directory of its own for each test, removed by `remove`. */
export function scratch(): { readonly dir: string; path(name: string): string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), "sluice-file-"));
  return { dir, path: (name) => join(dir, name), remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export function create(dir: string, options: RawOptions) {
  const quick = { poll_interval: "20ms", rotate_wait: "150ms", ...options };
  const parsed = fileSource.options.parse(quick);
  return fileSource.create(parsed, {
    name: "test",
    pipeline: "test",
    baseDir: dir,
    hostname: "test",
    warn: (message) => {
      throw new Error(message);
    },
  });
}

export interface Running {
  readonly ctx: FakeSourceContext;
  /** Waits until the condition holds; throws with what was seen when it does not within 20 s. */
  until(condition: () => boolean): Promise<void>;
  /** Waits for exactly these texts, and a little longer for what should not come. */
  expects(texts: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the source. */
export function start(dir: string, options: RawOptions, context: FakeSourceOptions = {}): Running {
  const ctx = new FakeSourceContext(context);
  let failure: unknown;
  const ended = create(dir, options)
    .run(ctx)
    .catch((error: unknown) => {
      failure = error;
    });
  const until = async (condition: () => boolean): Promise<void> => {
    for (const deadline = Date.now() + 20_000; !condition(); await sleep(5)) {
      if (failure) throw failure;
      if (Date.now() > deadline) throw new Error(`not within 20 s; seen: ${JSON.stringify(ctx.texts.slice(-50))}`);
    }
  };
  const expects = async (texts: readonly string[]): Promise<void> => {
    await until(() => ctx.texts.length >= texts.length);
    await sleep(80);
    if (JSON.stringify(ctx.texts) !== JSON.stringify(texts)) {
      throw new Error(`expected ${JSON.stringify(texts)}, got ${JSON.stringify(ctx.texts)}`);
    }
  };
  const stop = async (): Promise<void> => {
    ctx.end();
    await ended;
    if (failure) throw failure;
  };
  return { ctx, until, expects, stop };
}

/** Runs the source over what is there and returns its context. */
export async function readAll(dir: string, options: RawOptions, context: FakeSourceOptions = {}) {
  const ctx = new FakeSourceContext({ ...context, finite: true });
  await create(dir, options).run(ctx);
  return ctx;
}
