import {
  type CreateContext,
  type Logger,
  pauseOrStop,
  SluiceError,
  type Source,
  type SourceContext,
} from "@sluice/core";
import { readLines } from "../exec/reading.ts";
import { GuardedProcess } from "../process/guarded-process.ts";
import { Pace } from "../process/pace.ts";
import { untilStopped } from "../process/stopping.ts";
import { lastEntryCommand, readingCommand } from "./arguments.ts";
import type { JournaldOptions } from "./options.ts";
import { Complaints, endOfJournal } from "./probe.ts";
import { EntryReader, STREAM_KEY } from "./records.ts";

const PAUSE = { first: 1000, longest: 60_000 };
/** Bytes of an entry as JSON: the bytes of a message that is no clean text are written as numbers of up to four characters. */
const entryLimit = (maxMessage: number): number => 8 * maxMessage + 1024 * 1024;

/** Follows the systemd journal through journalctl. */
export class JournaldSource implements Source {
  readonly #options: JournaldOptions;
  readonly #baseDir: string;

  constructor(options: JournaldOptions, ctx: CreateContext) {
    this.#options = options;
    this.#baseDir = ctx.baseDir;
  }

  async run(ctx: SourceContext): Promise<void> {
    const { fields, max_message_bytes } = this.#options;
    const cursor = await this.#begin(ctx);
    const reader = new EntryReader({ more: fields ?? [], maxMessage: max_message_bytes, log: ctx.log }, cursor);
    const pace = new Pace(PAUSE.first, PAUSE.longest);
    while (!ctx.stop.aborted) {
      const started = performance.now();
      const ended = await this.#read(ctx, reader);
      if (ctx.stop.aborted) return;
      if (ctx.finite && ended.code === 0) return;
      if (ctx.finite) throw failure(ended.code, ended.complaint);
      const pause = pace.after(performance.now() - started);
      const { message, hint } = failure(ended.code, ended.complaint);
      ctx.log.warn({ code: "SLUICE_SOURCE", error: message, hint, retryInMs: pause }, "journalctl is started again");
      await pauseOrStop(pause, ctx.stop);
    }
  }

  /** Tells whether the journal can be read now. */
  async check(signal: AbortSignal): Promise<void> {
    const { code, complaint, cursor } = await endOfJournal(lastEntryCommand(this.#options, this.#baseDir), signal);
    if (code !== 0 || (cursor === undefined && complaint !== "")) throw failure(code, complaint);
  }

  /** The entry after which to begin: the one that was settled last, or the last of all at a first start at the end. */
  async #begin(ctx: SourceContext): Promise<string | undefined> {
    const stored = ctx.state.all().get(STREAM_KEY) as { cursor?: unknown } | undefined;
    if (typeof stored?.cursor === "string") return stored.cursor;
    const command = lastEntryCommand(this.#options, this.#baseDir);
    const { complaint, cursor } = await endOfJournal(command, ctx.stop);
    if (complaint !== "") ctx.log.warn({ journalctl: complaint }, "journalctl says");
    if (this.#options.start_at !== "end" || cursor === undefined || ctx.state.lost) return undefined;
    ctx.state.put(new Map([[STREAM_KEY, { cursor }]]));
    return cursor;
  }

  async #read(ctx: SourceContext, reader: EntryReader): Promise<{ code: number; complaint: string }> {
    const { finite, log, state } = ctx;
    const options = state.lost ? withoutRelativeSince(this.#options) : this.#options;
    const command = readingCommand(options, this.#baseDir, { cursor: reader.cursor, follow: !finite });
    const child = await startJournalctl(command, log);
    const complaints = new Complaints(child.stderr);
    const reading = readLines(child.stdout, entryLimit(this.#options.max_message_bytes), async (lines) => {
      for (const batch of reader.batches(lines)) await ctx.emit(batch);
    });
    await untilStopped(child, Promise.all([reading, child.ended]), ctx.stop, 0);
    return { code: ctx.stop.aborted ? 0 : await child.ended, complaint: complaints.text };
  }
}

/** `-1h` and `today` were meant for the first start, whose entries nobody knows any more. */
function withoutRelativeSince({ since, ...options }: JournaldOptions): JournaldOptions {
  return since !== undefined && /^\d{4}-/.test(since) ? { since, ...options } : options;
}

async function startJournalctl(command: readonly string[], log: Logger): Promise<GuardedProcess> {
  log.debug({ command }, "starting journalctl");
  return GuardedProcess.start({ command, env: { ...process.env, LC_ALL: "C", SYSTEMD_COLORS: "0" } });
}

function failure(code: number, complaint: string): SluiceError {
  if (code === 127) {
    return new SluiceError("SLUICE_SOURCE", "there is no journalctl here", {
      hint: "it comes with systemd: install it, run sluice on the host, or name it with `journalctl: /path`",
    });
  }
  const why = complaint === "" ? `it ended with exit code ${code}` : complaint;
  return new SluiceError("SLUICE_SOURCE", `journalctl cannot read the journal: ${why}`, {
    hint: "the user of sluice needs the group systemd-journal or adm, and `directory` must hold journal files",
  });
}
