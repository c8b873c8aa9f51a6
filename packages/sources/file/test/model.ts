import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Value } from "@sluice/core";
import type { SeenRecord } from "@sluice/testkit";
import { type RawOptions, type Running, scratch, start } from "./harness.ts";

/** One step of a script: what a writer, logrotate or the operator does. */
export type Step =
  | { readonly do: "write"; readonly lines: number; readonly width: number; readonly tear: boolean }
  | { readonly do: "rotate"; readonly how: "rename" | "copytruncate"; readonly pack: "no" | "gz" | "zst" }
  | { readonly do: "regrow" }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "restart"; readonly at: number };

const KEEP = 4;

/** Runs a script against the source and knows which lines must arrive. */
export class Model {
  readonly #space = scratch();
  readonly #reach: "log" | "all";
  readonly #options: RawOptions;
  readonly #log: string;
  readonly #lines: string[] = [];
  readonly #seen = new Map<string, SeenRecord>();
  #rest = "";
  #rotatedAt = 0;
  /** Rotations since the log was seen for certain. */
  #unseen = 0;
  /** Records of this run that the model has seen already. */
  #arrivedRecords = 0;
  #state: ReadonlyMap<string, Value> = new Map();
  #run: Running;

  /** `reach`: whether the globs match only the log itself, or what it is rotated to as well. */
  constructor(reach: "log" | "all") {
    this.#reach = reach;
    this.#options = { include: reach === "log" ? "a.log" : "a.log*" };
    this.#log = this.#space.path("a.log");
    this.#run = this.#start();
  }

  async play(script: readonly Step[]): Promise<void> {
    try {
      for (const step of script) await this.#step(step);
      this.#append(`${this.#rest}\n`);
      this.#rest = "";
      await this.#arrived();
    } finally {
      await this.#run.stop();
      this.#space.remove();
    }
  }

  #start(): Running {
    return start(this.#space.dir, this.#options, { state: this.#state, lag: 3 });
  }

  async #step(step: Step): Promise<void> {
    if (step.do === "write") this.#write(step);
    else if (step.do === "rotate") await this.#rotateKnown(step);
    else if (step.do === "wait") await sleep(step.ms);
    else if (step.do === "restart") await this.#restart(step.at);
    else await this.#regrow();
  }

  #write({ lines, width, tear }: Step & { do: "write" }): void {
    let text = this.#rest;
    for (let i = 0; i < lines; i++) {
      const line = `line ${this.#lines.length} ${"é".repeat((width * (i + 1)) % 97)}`;
      this.#lines.push(line);
      text += `${line}\n`;
    }
    const bytes = Buffer.from(text);
    const cut = tear ? Math.max(0, bytes.length - 3) : bytes.length;
    appendFileSync(this.#log, bytes.subarray(0, cut));
    this.#rest = "";
    if (cut < bytes.length) appendFileSync(this.#log, bytes.subarray(cut));
  }

  #append(text: string): void {
    if (text !== "\n") appendFileSync(this.#log, text);
  }

  /**
   * Out of the globs, what is written before the log was ever seen is nobody's, and so is what is truncated or rotated
   * away for good before it was seen: wait until the file was seen.
   */
  async #rotateKnown({ how, pack }: Step & { do: "rotate" }): Promise<void> {
    const unseen = this.#reach === "log" && this.#lines.length > this.#rotatedAt;
    const lost = this.#rotatedAt === 0 || how === "copytruncate" || this.#unseen >= KEEP;
    if (unseen && lost) await this.#arrived(this.#rotatedAt + 1);
    this.#unseen = unseen && lost ? 0 : this.#unseen + 1;
    this.#rotate(how, pack);
    this.#rotatedAt = this.#lines.length;
  }

  #rotate(how: "rename" | "copytruncate", pack: "no" | "gz" | "zst"): void {
    if (!existsSync(this.#log) || statSync(this.#log).size === 0) return;
    for (let i = KEEP; i >= 1; i--) {
      for (const suffix of ["", ".gz", ".zst"]) {
        const from = `${this.#log}.${i}${suffix}`;
        if (existsSync(from)) renameSync(from, `${this.#log}.${i + 1}${suffix}`);
      }
    }
    const rotated = `${this.#log}.1`;
    if (how === "rename") renameSync(this.#log, rotated);
    else {
      copyFileSync(this.#log, rotated);
      truncateSync(this.#log, 0);
    }
    if (pack === "no") return;
    writeFileSync(`${rotated}.${pack}`, (pack === "gz" ? gzipSync : zstdCompressSync)(readFileSync(rotated)));
    rmSync(rotated);
  }

  /** Truncates only what was read, and grows past the old size at once. */
  async #regrow(): Promise<void> {
    if (!existsSync(this.#log)) return;
    await this.#arrived();
    this.#rotatedAt = this.#lines.length;
    const { size } = statSync(this.#log);
    let text = "";
    while (Buffer.byteLength(text) <= size) {
      const line = `again ${this.#lines.length} ${"x".repeat(40)}`;
      this.#lines.push(line);
      text += `${line}\n`;
    }
    writeFileSync(this.#log, text);
  }

  /** `kill -9` at a moment of the run: its state, and what had left before the state changed again. */
  async #restart(at: number): Promise<void> {
    await this.#run.stop();
    const { history, records } = this.#run.ctx;
    const moment = this.#reach === "log" ? 1 : at;
    const leftAt = (i: number) => history[i + 1]?.records ?? records.length;
    // What arrived for certain has left before the end.
    const earliest = history.findIndex((_, i) => leftAt(i) >= this.#arrivedRecords);
    const index = Math.min(history.length - 1, earliest + Math.floor(moment * (history.length - earliest)));
    const left = leftAt(index);
    this.#arrivedRecords = 0;
    this.#take(records.slice(0, left));
    this.#state = (history[index] as (typeof history)[number]).state;
    this.#run = this.#start();
  }

  #take(records: readonly SeenRecord[]): void {
    for (const record of records) {
      const other = this.#seen.get(record.eventId);
      if (other && other.text !== record.text) {
        throw new Error(`${record.eventId} is both ${JSON.stringify(other.text)} and ${JSON.stringify(record.text)}`);
      }
      this.#seen.set(record.eventId, record);
    }
  }

  async #arrived(count: number = this.#lines.length): Promise<void> {
    const all = () => {
      this.#take(this.#run.ctx.records);
      this.#arrivedRecords = this.#run.ctx.records.length;
      return this.#seen.size >= count;
    };
    await this.#run.until(all).catch(() => {});
    if (count < this.#lines.length) return;
    await sleep(60);
    all();
    this.#compare();
  }

  /** Each line once, under one id. */
  #compare(): void {
    const count = new Map<string, number>();
    for (const { text } of this.#seen.values()) count.set(text, (count.get(text) ?? 0) + 1);
    const missing = this.#lines.filter((line) => !count.has(line));
    const repeated = [...count].filter(([, times]) => times > 1).map(([line]) => line);
    const strange = [...count.keys()].filter((line) => !this.#lines.includes(line));
    if (missing.length + repeated.length + strange.length > 0) {
      throw new Error(JSON.stringify({ missing, repeated, strange }, null, 1));
    }
  }
}
