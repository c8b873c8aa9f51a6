import { setTimeout as sleep } from "node:timers/promises";
import type { Status } from "@sluice/admin";
import { errorText } from "@sluice/core";
import type { Command } from "commander";
import { type Done, EXIT, type ExitCode } from "../exit.ts";
import { addHttpOptions, type HttpOptions } from "../http.ts";
import { SluiceClient } from "../watch/client.ts";
import { drawScreen, ENTER, LEAVE, type Look, plainTable } from "../watch/screen.ts";
import { COLUMNS } from "../watch/table.ts";

const EVERY_MS = 1000;
/** Milliseconds after which an answer is not waited for any more. */
const PATIENCE_MS = 3000;

/** `sluice top`: a live table of the stages of a running sluice. */
export function addTopCommand(program: Command, done: Done): void {
  const command = program
    .command("top")
    .description("Show a live table of sources, steps and sinks of a running sluice; piped, print it once.")
    .option("--once", "print the table once and end");
  addHttpOptions(command, "address of the running sluice")
    .addHelpText("after", "\nExample:\n  sluice top --http 127.0.0.1:9600")
    .action(async (options: HttpOptions & { once?: boolean }) => done(await top(options)));
}

async function top(options: HttpOptions & { once?: boolean }): Promise<ExitCode> {
  const client = new SluiceClient(options);
  const first = await client.json<Status>("/api/status");
  if (options.once || !process.stdout.isTTY || !process.stdin.isTTY) {
    process.stdout.write(`${plainTable(first)}\n`);
    return EXIT.done;
  }
  return new Top(client, first).run();
}

/** The table on a terminal. */
class Top {
  readonly #client: SluiceClient;
  readonly #end = new AbortController();
  readonly #look: Look = { sortKey: "p", reverse: false, top: 0, help: false };
  #status: Status | undefined;
  #paused = false;
  #foot = "";

  constructor(client: SluiceClient, status: Status) {
    this.#client = client;
    this.#status = status;
  }

  async run(): Promise<ExitCode> {
    const quit = (): void => this.#end.abort();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, quit);
    process.stdin
      .setRawMode(true)
      .setEncoding("utf8")
      .on("data", (keys: string) => this.#keys(keys));
    process.stdout.on("resize", () => this.#draw());
    process.stdout.write(ENTER);
    try {
      while (!this.#end.signal.aborted) {
        this.#draw();
        await sleep(EVERY_MS, undefined, { signal: this.#end.signal }).catch(() => undefined);
        if (!this.#paused && !this.#end.signal.aborted) await this.#ask();
      }
    } finally {
      process.stdout.write(LEAVE);
      process.stdin.setRawMode(false).pause();
    }
    return EXIT.done;
  }

  /** A sluice that is started again is found again. */
  async #ask(): Promise<void> {
    try {
      const signal = AbortSignal.any([this.#end.signal, AbortSignal.timeout(PATIENCE_MS)]);
      this.#status = await this.#client.json<Status>("/api/status", signal);
      this.#foot = "";
    } catch (error) {
      this.#foot = `${errorText(error)}; trying again`;
    }
  }

  #draw(): void {
    const { rows, columns } = process.stdout;
    const foot = this.#paused ? "paused; space goes on" : this.#foot;
    process.stdout.write(drawScreen(this.#status, this.#look, { rows, columns }, foot));
  }

  #keys(keys: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the keys
    for (const key of keys.match(/\x1b\[[0-9;]*[A-Za-z~]|[\s\S]/g) ?? []) this.#key(key);
    this.#draw();
  }

  #key(key: string): void {
    const look = this.#look;
    const scroll: Record<string, number> = { "\x1b[A": -1, "\x1b[B": 1, "\x1b[5~": -10, "\x1b[6~": 10 };
    if (key === "q" || key === "\x03") this.#end.abort();
    else if (key === "?") look.help = !look.help;
    else if (key === " ") this.#paused = !this.#paused;
    else if (key === "r") look.reverse = !look.reverse;
    else if (key === "\x1b[C") this.#moveSort(1);
    else if (key === "\x1b[D") this.#moveSort(-1);
    else if (key in scroll) look.top += scroll[key] as number;
    else if (key !== "" && COLUMNS.some((column) => column.key === key)) look.sortKey = key;
  }

  #moveSort(by: number): void {
    const keys = COLUMNS.map(({ key }) => key).filter((key) => key !== "");
    const index = keys.indexOf(this.#look.sortKey);
    this.#look.sortKey = keys[(index + by + keys.length) % keys.length] as string;
  }
}
