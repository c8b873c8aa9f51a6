import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type CreateContext,
  type LostReason,
  SluiceError,
  type Source,
  type SourceBatch,
  type SourceContext,
} from "@sluice/core";
import { Catalog } from "./catalog.ts";
import { encodingOf } from "./encoding.ts";
import { Fleet } from "./fleet.ts";
import { Globs } from "./globs.ts";
import { Identifier } from "./identify.ts";
import { Opener } from "./opening.ts";
import type { FileOptions } from "./options.ts";
import { Pump } from "./pump.ts";
import { Rotated } from "./rotated.ts";
import { Scanner } from "./scanner.ts";
import { splitterOf } from "./splitters.ts";
import { Stopping } from "./stopping.ts";
import { Strays } from "./strays.ts";
import { StreamNames } from "./stream-names.ts";
import { Troubles } from "./troubles.ts";
import { Turns } from "./turns.ts";

/** Unpacking a large file, say, may take longer than a stop may: it is left alone after this time. */
const GRACE_MS = 500;
/** Looking at the files takes at most this part of the time, however many there are. */
const SCAN_SHARE = 0.1;
/** Pause before files that could not be opened for lack of file descriptors are tried again in a finite run. */
const SHORTAGE_PAUSE_MS = 50;

interface Parts {
  readonly scanner: Scanner;
  readonly pump: Pump;
  readonly fleet: Fleet;
}

/** Follows files. */
export class FileSource implements Source {
  readonly #options: FileOptions;
  readonly #globs: Globs;
  readonly #streamNames: StreamNames;

  constructor(options: FileOptions, ctx: CreateContext) {
    this.#options = options;
    this.#globs = new Globs(options.include, options.exclude, ctx.baseDir);
    this.#streamNames = new StreamNames(ctx);
  }

  /** Rejects when the files cannot be followed, e.g. while the state cannot be written. */
  async run(given: SourceContext): Promise<void> {
    const failed = new AbortController();
    // What fails beside the reading ends it as a stop does.
    const ctx = withStop(given, AbortSignal.any([given.stop, failed.signal]));
    const stopping = new Stopping(ctx.stop);
    const parts = this.#assemble(ctx, stopping);
    try {
      await stopping.orSoonAfter(this.#read(ctx, stopping, parts, failed), GRACE_MS);
    } finally {
      parts.fleet.closeAll();
    }
    failed.signal.throwIfAborted();
  }

  async #read(ctx: SourceContext, stopping: Stopping, parts: Parts, failed: AbortController): Promise<void> {
    const { scanner, pump } = parts;
    await scanner.first(this.#options.start_at === "end" && !ctx.state.lost);
    if (ctx.finite) await this.#readOnce(ctx, stopping, parts);
    else await this.#follow(ctx, stopping, parts, failed);
    await pump.settle();
  }

  /** Reads what is there to its end, as often as a lack of file descriptors makes it necessary. */
  async #readOnce(ctx: SourceContext, stopping: Stopping, { scanner, pump }: Parts): Promise<void> {
    await pump.drain();
    while (!ctx.stop.aborted && (await scanner.retry())) {
      await pump.drain();
      await stopping.or(sleep(SHORTAGE_PAUSE_MS));
    }
  }

  async check(): Promise<void> {
    const paths = [...this.#globs.paths()];
    if (paths.length === 0) {
      throw new SluiceError("SLUICE_SOURCE", `no file matches ${this.#globs.include.join(", ")}`, {
        hint: "sluice waits for such files to appear; check the path if they should be there already",
      });
    }
    for (const path of paths) await checkReadable(path);
  }

  #assemble(ctx: SourceContext, stopping: Stopping): Parts {
    const options = this.#options;
    const encoding = encodingOf(options.encoding);
    const catalog = new Catalog(ctx);
    const fleet = new Fleet(catalog, ctx.log, this.#streamNames);
    const opener = new Opener(options.compressed);
    const troubles = new Troubles(ctx.log, options.poll_interval);
    const identifier = new Identifier({ catalog, fleet, opener, encoding, log: ctx.log, hasty: ctx.finite });
    const strays = new Strays(this.#globs, catalog.stored());
    const shared = { ctx, turns: new Turns(), fleet, catalog, opener, identifier, troubles };
    const splitter = splitterOf(options);
    const pump = new Pump({ ...shared, stopping, splitter, encoding, chunk: options.read_chunk });
    const idleAfter = options.multiline?.timeout;
    const rotated = new Rotated({ ...shared, strays });
    const rotateWait = options.rotate_wait;
    const scanner = new Scanner({ ...shared, rotated, strays, globs: this.#globs, rotateWait, idleAfter });
    return { scanner, pump, fleet };
  }

  /** Scans beside the reading, so that rotated files are held open even while the pipeline takes nothing. */
  async #follow(ctx: SourceContext, stopping: Stopping, parts: Parts, failed: AbortController): Promise<void> {
    const ended = new AbortController();
    const scanning = this.#scan(AbortSignal.any([ctx.stop, ended.signal]), parts.scanner).catch((error: unknown) =>
      failed.abort(error),
    );
    try {
      await read(ctx, stopping, parts);
    } finally {
      ended.abort();
      await scanning;
    }
  }

  async #scan(stop: AbortSignal, scanner: Scanner): Promise<void> {
    let took = 0;
    while (!stop.aborted) {
      const pause = Math.max(this.#options.poll_interval, took / SCAN_SHARE);
      await sleep(pause, undefined, { signal: stop }).catch(() => {});
      if (stop.aborted) return;
      took = await scanner.scan();
    }
  }
}

function withStop(ctx: SourceContext, stop: AbortSignal): SourceContext {
  const { finite, state, log } = ctx;
  const emit = (batch: SourceBatch) => ctx.emit(batch);
  const inFlight = (key: string) => ctx.inFlight(key);
  const lost = (reason: LostReason, records: number) => ctx.lost(reason, records);
  return { emit, stop, finite, state, log, lost, inFlight, hurry: () => ctx.hurry() };
}

async function read(ctx: SourceContext, stopping: Stopping, { pump, fleet }: Parts): Promise<void> {
  while (!ctx.stop.aborted) {
    const woken = new Promise<void>((resolve) => {
      fleet.wake = resolve;
    });
    await pump.drain();
    await stopping.or(woken);
  }
}

async function checkReadable(path: string): Promise<void> {
  try {
    await (await open(path, "r")).close();
  } catch (error) {
    throw new SluiceError("SLUICE_SOURCE", `cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`, {
      hint: "give the user that runs sluice the right to read it, e.g. through the group adm",
    });
  }
}
