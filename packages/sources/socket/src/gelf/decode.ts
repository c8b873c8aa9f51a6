import { Buffer } from "node:buffer";
import type { Event } from "@sluice/core";
import { parseMessage, unpack } from "@sluice/wire";
import { RecordBuffer, type Records } from "../record-buffer.ts";
import { INVALID, PARSE_FAILURE, readGelf } from "./message.ts";

const NEWLINE = 10;

/** Makes events of GELF payloads and gathers them. What is no GELF becomes an event too, as it came, with a tag. */
export class GelfDecoder {
  readonly #out: RecordBuffer;
  readonly #maxUnpacked: number;

  /** @param maxUnpacked bytes that a compressed payload may have */
  constructor(maxUnpacked: number, out = new RecordBuffer()) {
    this.#maxUnpacked = maxUnpacked;
    this.#out = out;
  }

  /** Bytes gathered. */
  get length(): number {
    return this.#out.length;
  }

  /** @param shared fields that the sender's message must not replace, such as where it came from */
  add(payload: Buffer, shared: Event): void {
    const json = this.#unpack(payload);
    if (json) this.#addJson(json, shared);
    else this.#out.add(payload, { ...shared, tags: [PARSE_FAILURE] });
  }

  /** The same for what may be several messages, one a line, as Graylog's HTTP input takes them in bulk. */
  addBulk(payload: Buffer, shared: Event): void {
    const json = this.#unpack(payload);
    const lines = json?.includes(NEWLINE) && parseMessage(json) === null ? linesOf(json) : [];
    if (lines.length > 1) for (const line of lines) this.#addJson(line, shared);
    else this.add(payload, shared);
  }

  /** Null when it is not compressed after all, or broken, or a bomb. */
  #unpack(payload: Buffer): Buffer | null {
    try {
      return unpack(payload, this.#maxUnpacked);
    } catch {
      return null;
    }
  }

  #addJson(json: Buffer, shared: Event): void {
    const message = parseMessage(json);
    if (message === null) return this.#out.add(json, { ...shared, tags: [PARSE_FAILURE] });
    const event = readGelf(message);
    if (event === null) return this.#out.add(json, { ...shared, tags: [INVALID] });
    this.#out.add(Buffer.from(event.text), { ...event.fields, ...shared });
  }

  /** A record that was cut or is otherwise known not to be whole. */
  addBroken(bytes: Buffer, fields: Event): void {
    this.#out.add(bytes, fields);
  }

  take(): Records | null {
    return this.#out.take();
  }
}

/** Reads the frames of a connection as GELF messages; those that were cut or broken off stay as they are. */
export function decodeFrames({ data, framing }: Records, decoder: GelfDecoder): void {
  const bytes = Buffer.from(data.buffer);
  if (framing.kind === "lines") {
    for (const line of linesOf(bytes)) decoder.add(line, {});
    return;
  }
  for (const [i, start] of framing.starts.entries()) {
    const frame = bytes.subarray(start, framing.ends[i]);
    const fields = framing.extra?.[i];
    if (fields) decoder.addBroken(frame, fields);
    else if (!isBlank(frame)) decoder.add(frame, {});
  }
}

/** The lines that are not blank. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const line = bytes.subarray(start, newline < 0 ? bytes.length : newline);
    if (!isBlank(line)) lines.push(line);
    start += line.length + 1;
  }
  return lines;
}

/** Some senders write a newline behind the NUL. */
function isBlank(frame: Buffer): boolean {
  return frame.every((byte) => byte === 32 || (byte >= 9 && byte <= 13));
}
