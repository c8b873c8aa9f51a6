import { appendFileSync, renameSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import type { Dice } from "./dice.ts";

const EVERY_MS = 50;
/** The log gets another name after so many lines. */
const ROTATE = 1500;
const PADDING = "x".repeat(150);

/** A line that says where it comes from and which one it is. */
function lineOf(from: string, n: number): string {
  return `from=${from} n=${n} ${PADDING.slice(0, 20 + (n % 130))}`;
}

/** Number of the line in a text, of this writer; undefined when it is another's. */
export function numberIn(from: string, text: string): number | undefined {
  const found = /^from=(\S+) n=(\d+) (x+)$/.exec(text);
  return found?.[1] === from && text === lineOf(from, Number(found[2])) ? Number(found[2]) : undefined;
}

/** Appends numbered lines to a log that is rotated by renaming, some of them in two writes. */
export class FileWriter {
  written = 0;
  readonly #path: string;
  readonly #dice: Dice;
  readonly #rate: number;
  #timer: NodeJS.Timeout | undefined;
  #rest = "";
  #rotations = 0;

  /** @param rate lines a second */
  constructor(path: string, rate: number, dice: Dice) {
    this.#path = path;
    this.#rate = rate;
    this.#dice = dice;
  }

  start(): void {
    this.#timer = setInterval(() => this.#write(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    appendFileSync(this.#path, this.#rest);
    this.#rest = "";
  }

  #write(): void {
    let text = this.#rest;
    for (let i = 0; i < (this.#rate * EVERY_MS) / 1000; i++) text += `${lineOf("file", ++this.written)}\n`;
    const cut = this.#dice.between(0, text.length);
    appendFileSync(this.#path, text.slice(0, cut));
    this.#rest = text.slice(cut);
    if (this.written > (this.#rotations + 1) * ROTATE) this.#rotate();
  }

  #rotate(): void {
    appendFileSync(this.#path, this.#rest);
    this.#rest = "";
    renameSync(this.#path, `${this.#path}.${++this.#rotations}`);
  }
}

/** Writes numbered lines to a TCP port, and connects again whenever the connection is gone, as a simple logger does. */
export class TcpWriter {
  written = 0;
  readonly #port: number;
  readonly #rate: number;
  #timer: NodeJS.Timeout | undefined;
  #socket: Socket | undefined;
  #stopped = false;

  constructor(port: number, rate: number) {
    this.#port = port;
    this.#rate = rate;
  }

  start(): void {
    this.#connect();
    this.#timer = setInterval(() => this.#write(), EVERY_MS);
  }

  /** Breaks the connection in the midst of a line. */
  breakLine(): void {
    this.#socket?.write("from=tcp n=");
    this.#socket?.resetAndDestroy();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#socket?.end();
  }

  #connect(): void {
    if (this.#stopped) return;
    const socket = createConnection({ port: this.#port, host: "127.0.0.1" });
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", () => setTimeout(() => this.#connect(), 100));
    socket.resume();
  }

  #write(): void {
    const socket = this.#socket;
    if (!socket || socket.readyState !== "open" || socket.writableNeedDrain) return;
    for (let i = 0; i < (this.#rate * EVERY_MS) / 1000; i++) socket.write(`${lineOf("tcp", ++this.written)}\n`);
  }
}
