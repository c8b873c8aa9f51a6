import type { Socket } from "node:net";
import type { SourceBatch, StreamInfo } from "@sluice/core";
import { Framer, type FramingMode } from "./framer.ts";
import type { Inlet } from "./intake.ts";
import { release } from "./memory.ts";
import { Parting } from "./parting.ts";
import { RecordBuffer, type Records } from "./record-buffer.ts";

/** Makes other records of records; null when none are left. */
export type Converter = (records: Records) => Records | null;

/** What all connections of a listener share. */
export interface ConnectionSettings {
  readonly framing: FramingMode;
  readonly maxLineBytes: number;
  /** Makes, for one connection, of its records what the source says they are, e.g. GELF messages. */
  readonly converter: (() => Converter) | undefined;
}

/** Pause after each chunk of the rest of a record that was cut. */
const SLOW_MS = 100;

/** What is known of one connection. */
export interface ConnectionInfo {
  readonly peer: string;
  readonly stream: StreamInfo;
  /** The socket that a FIN is sent on while reading goes on. */
  readonly farewell: Socket;
}

/** Whom a connection tells what happens to it. */
export interface ConnectionOwner {
  /** It has read something, or has records to hand on. */
  changed(connection: Connection): void;
  /** Everything was handed on and the socket is closed. */
  done(connection: Connection): void;
}

/** One client: reads as fast as the pipeline takes, and no faster. */
export class Connection implements Inlet {
  readonly peer: string;
  readonly #socket: Socket;
  readonly #farewell: Socket;
  readonly #stream: StreamInfo;
  readonly #owner: ConnectionOwner;
  readonly #out = new RecordBuffer();
  readonly #framer: Framer;
  readonly #convert: Converter | undefined;
  #isEnded = false;
  #isClosed = false;
  #isWaiting = false;
  #parting: Parting | undefined;
  #hasRecords = false;
  /** When it last sent something, or was last kept waiting. */
  active = performance.now();

  constructor(socket: Socket, about: ConnectionInfo, settings: ConnectionSettings, owner: ConnectionOwner) {
    this.#socket = socket;
    this.peer = about.peer;
    this.#stream = about.stream;
    this.#farewell = about.farewell;
    this.#owner = owner;
    this.#convert = settings.converter?.();
    this.#framer = new Framer(settings.framing, settings.maxLineBytes, this.#out);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("end", () => this.#ended(true));
    socket.on("error", () => this.#ended(false));
    socket.on("close", () => this.#closed());
  }

  /** Bytes in memory. */
  get bytes(): number {
    return this.#out.length + this.#framer.held;
  }

  /** Bytes of a record whose end has not come. */
  get unfinished(): number {
    return this.#framer.held;
  }

  /** Bytes of records that wait for the pipeline. */
  get pending(): number {
    return this.#out.length;
  }

  /** It has never sent a whole record. */
  get isUseless(): boolean {
    return !this.#hasRecords && this.#out.length === 0;
  }

  /** It is not being read because there is no room. */
  get waiting(): boolean {
    return this.#isWaiting;
  }

  /** The FIN was sent. */
  get isFinished(): boolean {
    return this.#parting !== undefined;
  }

  /** Its client has said all that it will. */
  get ended(): boolean {
    return this.#isEnded;
  }

  take(): SourceBatch | null {
    const records = this.#out.take();
    if (!records) return null;
    this.#hasRecords = true;
    const converted = this.#convert ? this.#convert(records) : records;
    return converted && { ...converted, stream: this.#stream, streamKey: this.#stream.id };
  }

  accepted(): void {
    this.active = performance.now();
    this.#owner.changed(this);
    this.#settle();
  }

  /** Stops reading until `resume`. */
  pause(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#parting?.pause(performance.now());
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.active = performance.now();
    this.#parting?.resume(this.active);
    this.#socket.resume();
  }

  /** Gives the unfinished record up as it is: its memory is needed. */
  cut(): void {
    this.#framer.cut();
    this.#owner.changed(this);
  }

  /** Tells the client that this side is finished, and reads on until the client is. */
  finish(): void {
    if (this.#parting) return;
    this.active = performance.now();
    this.#parting = new Parting(this.active, this.#isWaiting);
    this.#farewell.end();
  }

  /** Whether its client has gone on for longer than `patience` milliseconds since the FIN, though nothing kept it. */
  hasOutstayed(now: number, patience: number): boolean {
    return !this.#isEnded && this.#parting?.isOver(now, patience) === true;
  }

  /** Ends it at once; what was read is kept. */
  destroy(): void {
    this.#socket.destroy();
    this.#ended(false);
  }

  #read(chunk: Buffer): void {
    if (this.#isEnded) return;
    this.active = performance.now();
    this.#parting?.read(chunk.length);
    const wasSkipping = this.#framer.skipping;
    this.#framer.push(chunk);
    release(chunk);
    if (wasSkipping && this.#framer.skipping) this.#slowDown();
    this.#owner.changed(this);
  }

  /** Reading what is thrown away must not cost the others' time. */
  #slowDown(): void {
    this.#socket.pause();
    setTimeout(() => {
      if (!this.#isWaiting && !this.#isEnded) this.#socket.resume();
    }, SLOW_MS).unref();
  }

  #ended(wasClean: boolean): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#framer.end(wasClean);
    if (wasClean) this.#socket.end();
    this.#owner.changed(this);
  }

  #closed(): void {
    this.#isClosed = true;
    this.#ended(false);
    this.#settle();
  }

  #settle(): void {
    if (this.#isClosed && this.#out.length === 0) this.#owner.done(this);
  }
}
