import { parseMessage, unpack } from "@sluice/wire";
import type { ReceivedMessage, ReceiverOptions } from "./receiver.ts";

export interface ReceiverCounts {
  /** Messages handed on. */
  messages: number;
  /** Their bytes, as sent. */
  bytes: number;
  /** Frames that are no message: not JSON, broken compression, cut off at a disconnect. */
  invalid: number;
  /** Connections ended because of a frame that was too long. */
  oversize: number;
  connections: number;
}

/** Counts frames and hands them on in the form that was asked for. */
export class Sorter {
  readonly counts: ReceiverCounts = { messages: 0, bytes: 0, invalid: 0, oversize: 0, connections: 0 };
  readonly kind: "gelf" | "lines";
  readonly #options: ReceiverOptions;

  constructor(options: ReceiverOptions) {
    this.kind = options.kind;
    this.#options = options;
  }

  take(frames: readonly Buffer[]): void {
    for (const frame of frames) this.counts.bytes += frame.length;
    if (this.#options.onFrames) {
      this.counts.messages += frames.length;
      this.#options.onFrames(frames);
    }
    if (!this.#options.onFrames || this.#options.onMessages) this.#handOn(frames);
  }

  problem(text: string): void {
    this.#options.onProblem?.(text);
  }

  #handOn(frames: readonly Buffer[]): void {
    const messages: ReceivedMessage[] = [];
    for (const frame of frames) {
      const message = this.kind === "lines" ? { message: lineText(frame) } : this.#decode(frame);
      if (message) messages.push(message);
    }
    if (!this.#options.onFrames) this.counts.messages += messages.length;
    if (messages.length > 0) this.#options.onMessages?.(messages);
  }

  #decode(frame: Buffer): ReceivedMessage | null {
    let message: ReceivedMessage | null = null;
    try {
      message = parseMessage(unpack(frame));
    } catch {
      // Broken compression counts like broken JSON.
    }
    if (message) return message;
    this.counts.invalid++;
    this.problem(`${frame.length} bytes that are no GELF message`);
    return null;
  }
}

function lineText(frame: Buffer): string {
  const end = frame.at(-1) === 0x0d ? frame.length - 1 : frame.length;
  return frame.toString("utf8", 0, end);
}
