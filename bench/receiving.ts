import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { DATA_DIR } from "./jobs.ts";

/** What the receiver saw; times in milliseconds since the epoch, `cpu` its own seconds. */
export interface Arrivals {
  readonly frames: number;
  readonly bytes: number;
  readonly connections: number;
  readonly first: number;
  readonly tenth: number;
  readonly ninety: number;
  readonly last: number;
  readonly cpu: number;
}

/** The counting receiver, in a process of its own. */
export class Receiver {
  readonly port: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #seen = new Set<string>();

  private constructor(port: number, expected: number, savePrefix: string | undefined) {
    this.port = port;
    const [file, ...args] = receiverCommand();
    const own = [String(port), String(expected), ...(savePrefix === undefined ? [] : [savePrefix])];
    this.#child = spawn(file as string, [...args, ...own], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface(this.#child.stdout);
    this.#lines.on("line", (line) => this.#seen.add(line));
  }

  /** Listens on a free port of the loopback; with `savePrefix` it keeps what connection N sends in `savePrefix.N`. */
  static async start(expected: number, savePrefix?: string): Promise<Receiver> {
    const receiver = new Receiver(await freePort(), expected, savePrefix);
    await receiver.#line("listening", AbortSignal.timeout(10_000));
    return receiver;
  }

  /** Resolves when all expected frames are there; rejects when the signal aborts. */
  async allArrived(signal: AbortSignal): Promise<void> {
    await this.#line("done", signal);
  }

  /** Ends the receiver and returns its report. */
  async finish(): Promise<Arrivals> {
    this.#child.stdin.end();
    await once(this.#lines, "close");
    const report = [...this.#seen].find((line) => line.startsWith("{"));
    return JSON.parse(report ?? "{}") as Arrivals;
  }

  async #line(wanted: string, signal: AbortSignal): Promise<void> {
    while (!this.#seen.has(wanted)) await once(this.#lines, "line", { signal });
  }
}

function receiverCommand(): string[] {
  const source = join(import.meta.dirname, "receiver.c");
  const binary = join(DATA_DIR, "receiver");
  try {
    if (!existsSync(binary) || statSync(binary).mtimeMs < statSync(source).mtimeMs) {
      mkdirSync(DATA_DIR, { recursive: true });
      execFileSync("cc", ["-O3", "-march=native", "-o", binary, source]);
    }
    return [binary];
  } catch {
    return [process.execPath, join(import.meta.dirname, "receiver.ts")];
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
