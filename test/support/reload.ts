import { once } from "node:events";
import { appendFile, readFile, rename, writeFile } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Running } from "./process.ts";
import { until } from "./wait.ts";

/** What `POST /api/reload` answers. */
export interface Answer {
  readonly ok: boolean;
  readonly result: string;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: readonly string[];
  readonly problems: readonly string[];
}

/** Writes numbered lines at a rate until it is stopped. */
export class Writer {
  readonly #write: (text: string) => Promise<unknown>;
  readonly #prefix: string;
  readonly #done: Promise<void>;
  #stopped = false;
  /** Lines so far. */
  written = 0;

  /** @param rate lines a second */
  constructor(prefix: string, rate: number, write: (text: string) => Promise<unknown>) {
    this.#prefix = prefix;
    this.#write = write;
    this.#done = this.#run(rate);
  }

  static toFile(file: string, prefix: string, rate: number): Writer {
    return new Writer(prefix, rate, (text) => appendFile(file, text));
  }

  static toSocket(socket: Socket, prefix: string, rate: number): Writer {
    return new Writer(prefix, rate, async (text) => {
      if (!socket.write(text)) await once(socket, "drain");
    });
  }

  /** Stops; resolves with the number of lines. */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#done;
    return this.written;
  }

  async #run(rate: number): Promise<void> {
    const began = performance.now();
    while (!this.#stopped) {
      await sleep(20);
      // A machine that stood still is not flooded afterwards.
      const due = Math.min(rate / 4, Math.floor(((performance.now() - began) / 1000) * rate) - this.written);
      let text = "";
      for (let n = 0; n < due; n++) text += `${this.#prefix} ${this.written++}\n`;
      if (text !== "") await this.#write(text);
    }
  }
}

/** Replaces a file at once, as editors do. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

/** The address of the HTTP side. */
export function urlOf(sluice: Running): Promise<string> {
  return until(() => /"url":"([^"]+)"/.exec(sluice.stderr())?.[1], "the address of the HTTP side");
}

export async function reload(url: string): Promise<{ status: number; answer: Answer }> {
  const response = await fetch(`${url}/api/reload`, { method: "POST" });
  return { status: response.status, answer: (await response.json()) as Answer };
}

export async function connect(port: number): Promise<Socket> {
  const socket = createConnection({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  return socket;
}

/** The lines of a file, in order; none while it is not there. */
export async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").slice(0, -1);
}

/** What is wrong with numbered lines, of which there should be each once. */
export function faultsOf(lines: readonly string[], prefix: string, count: number) {
  const seen = new Map<number, number>();
  for (const line of lines) {
    const number = Number(line.slice(prefix.length + 1));
    seen.set(number, (seen.get(number) ?? 0) + 1);
  }
  const missing = Array.from({ length: count }, (_, n) => n).filter((n) => !seen.has(n));
  const repeated = [...seen].filter(([, times]) => times > 1).map(([number]) => number);
  const last = lines.map((line) => Number(line.slice(prefix.length + 1)));
  const isInOrder = last.every((number, index) => index === 0 || number >= (last[index - 1] as number));
  return {
    missing: missing.length,
    firstMissing: missing[0],
    repeated: repeated.length,
    firstRepeated: repeated[0],
    others: lines.length - repeated.length - count + missing.length,
    isInOrder,
  };
}

/** No line is missing, none came twice, and they came in order. */
export const NO_FAULT = {
  missing: 0,
  firstMissing: undefined,
  repeated: 0,
  firstRepeated: undefined,
  others: 0,
  isInOrder: true,
};
