// How messages lie in the body of `GET /containers/ID/logs`.

/** 1 and 2 as in the frames' headers; a terminal has only stdout. */
export type OutputStream = 1 | 2;

export interface MessageHandler {
  /**
   * A message: time stamp, a space, and the text with its line end, if it has one. `bytes` is only valid during the call.
   * False: no more are wanted.
   */
  message(stream: OutputStream, bytes: Buffer, start: number, end: number): boolean;
  /** The engine says what it cannot do. */
  fault(text: string): void;
}

/** Cuts a body into messages, whatever the borders of its chunks. Never throws. */
export interface MessageSplitter {
  /** False when no more are wanted, or the body is not what it should be. */
  push(chunk: Buffer, handler: MessageHandler): boolean;
  /** Hands over what is left at the end of the body: a terminal's last message needs no line end. */
  end(handler: MessageHandler): void;
}

const HEADER = 8;
const SYSTEM_ERROR = 3;
/** No driver makes longer messages; a longer one says that we read something else than frames. */
const LONGEST_FRAME = 16 * 1024 * 1024;

/** Frames `{type, 0, 0, 0, length in 4 bytes, big endian}` and their payload: the body for containers without terminal. */
export class FrameSplitter implements MessageSplitter {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer, handler: MessageHandler): boolean {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER) {
      const length = bytes.readUInt32BE(at + 4);
      const type = bytes[at] as number;
      if (length > LONGEST_FRAME || type > SYSTEM_ERROR || bytes.readUIntBE(at + 1, 3) !== 0) return corrupt(handler);
      const end = at + HEADER + length;
      if (end > bytes.length) break;
      if (!deliver(type, bytes, at + HEADER, end, handler)) return false;
      at = end;
    }
    this.#rest = at === bytes.length ? EMPTY : Buffer.from(bytes.subarray(at));
    return true;
  }

  end(): void {
    this.#rest = EMPTY;
  }
}

const EMPTY = Buffer.alloc(0);

function corrupt(handler: MessageHandler): false {
  handler.fault("its answer is not made of frames");
  return false;
}

function deliver(type: number, bytes: Buffer, start: number, end: number, handler: MessageHandler): boolean {
  if (type !== SYSTEM_ERROR) return handler.message(type === 2 ? 2 : 1, bytes, start, end);
  handler.fault(bytes.toString("utf8", start, Math.min(end, start + 500)).trim());
  return true;
}

const NEWLINE = 10;
const STAMP = 31;
/** Docker cuts longer lines, and stamps each part. */
const PART = 16_384;

/** The body for containers with a terminal: messages back to back, of which only those that end a line have a line end. */
export class TerminalSplitter implements MessageSplitter {
  #rest: Buffer = EMPTY;

  push(chunk: Buffer, handler: MessageHandler): boolean {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const end = endOfMessage(bytes, at);
      if (end < 0) break;
      if (!handler.message(1, bytes, at, end)) return false;
      at = end;
    }
    this.#rest = at === bytes.length ? EMPTY : Buffer.from(bytes.subarray(at));
    return true;
  }

  end(handler: MessageHandler): void {
    const rest = this.#rest;
    this.#rest = EMPTY;
    if (rest.length > 0) handler.message(1, rest, 0, rest.length);
  }
}

/** Behind the line end, or behind a full part without one; -1 when more bytes must tell. */
function endOfMessage(bytes: Buffer, at: number): number {
  const longest = at + STAMP + PART;
  const newline = bytes.subarray(at, longest).indexOf(NEWLINE);
  if (newline >= 0) return at + newline + 1;
  // The byte behind a full part tells whether it is one.
  if (bytes.length <= longest) return -1;
  return bytes[longest] === NEWLINE ? longest + 1 : longest;
}
