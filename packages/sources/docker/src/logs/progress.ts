import { type Event, type SourceBatch, STAMP_BYTES, type StreamInfo } from "@sluice/core";
import { type Moment, momentText, positionOf, windowOf } from "../time.ts";
import { OUTPUT_NAMES } from "./fields.ts";
import type { OutputStream } from "./frames.ts";
import { type LogPosition, type StreamPosition, sinceOf, storedPosition } from "./position.ts";
import { RecordsBuilder, stampOf } from "./records.ts";

/** A batch is handed on when it has so many bytes; when the pipeline is hungry, sooner. */
const BATCH_BYTES = 262_144;
const STREAMS = [1, 2] as const;

/** A batch that waits, and the memory it takes. */
export interface WaitingBatch {
  readonly batch: SourceBatch;
  readonly cost: number;
}

type Changing<T> = { -readonly [name in keyof T]: T[name] };

/** One output of a container. Its numbers are changed in place: a busy container has a hundred thousand lines a second. */
class Output {
  fields: Event = {};
  builder = new RecordsBuilder();
  window = 0;
  /** The last line that was read; its count is 0 before the first. */
  readonly last: Changing<StreamPosition> = { sec: 0, nanos: 0, count: 0 };
  isOpen = false;
  /** When the line began that is being put together. */
  readonly begun: Changing<Moment> = { sec: 0, nanos: 0 };
  /** The same as text. */
  readonly stamp = new Uint8Array(STAMP_BYTES);
}

/** How far one container's log is read, and the batches made of it that wait to be emitted. */
export class LogProgress {
  readonly #id: string;
  #fields: Event = {};
  isTerminal = false;
  readonly #outputs: Readonly<Record<OutputStream, Output>> = { 1: new Output(), 2: new Output() };
  #since: Moment;
  #turn: number;
  readonly #waiting: WaitingBatch[] = [];
  /** What the last batch said. */
  #told: LogPosition;
  readonly #grew: (bytes: number) => void;

  /** @param grew told of memory that complete lines take */
  constructor(id: string, position: LogPosition, grew: (bytes: number) => void) {
    this.#id = id;
    this.#since = position.since;
    this.#turn = position.turn;
    this.#told = position;
    this.#grew = grew;
    for (const stream of STREAMS) Object.assign(this.#outputs[stream].last, position.streams[stream]);
  }

  get hasLines(): boolean {
    return this.#waiting.length > 0 || this.#outputs[1].builder.records > 0 || this.#outputs[2].builder.records > 0;
  }

  /** How far the log is read by now. */
  get position(): LogPosition {
    const streams: { [stream in OutputStream]?: StreamPosition } = {};
    const open: Moment[] = [];
    for (const stream of STREAMS) {
      const { last, isOpen, begun } = this.#outputs[stream];
      if (last.count > 0) streams[stream] = { ...last };
      if (isOpen) open.push({ ...begun });
    }
    this.#since = sinceOf(streams, open, this.#since, this.isTerminal);
    return { since: this.#since, streams, turn: this.#turn };
  }

  /** The last line that was read of an output: always the same object, and changing. */
  last(stream: OutputStream): StreamPosition | undefined {
    const { last } = this.#outputs[stream];
    return last.count > 0 ? last : undefined;
  }

  /**
   * Begins a line of an output.
   * @param bytes where the moment stands as a stamp of the usual form, at `at`; null when it does not
   */
  begin(stream: OutputStream, moment: Moment, bytes: Uint8Array | null, at: number): void {
    const output = this.#outputs[stream];
    const window = windowOf(moment);
    if (output.window !== window && output.builder.records > 0) this.#seal();
    output.window = window;
    output.builder.begin();
    output.isOpen = true;
    output.begun.sec = moment.sec;
    output.begun.nanos = moment.nanos;
    if (bytes) for (let i = 0; i < STAMP_BYTES; i++) output.stamp[i] = bytes[at + i] as number;
    else output.stamp.set(stampOf(moment));
  }

  append(stream: OutputStream, bytes: Buffer, start: number, end: number, limit: number): void {
    this.#outputs[stream].builder.append(bytes, start, end, limit);
  }

  endsWith(stream: OutputStream, bytes: Buffer, start: number, end: number): boolean {
    return this.#outputs[stream].builder.endsWith(bytes, start, end);
  }

  /** Ends the line that was begun. */
  end(stream: OutputStream): void {
    const output = this.#outputs[stream];
    const { builder, begun, last } = output;
    output.isOpen = false;
    const isEqual = last.sec === begun.sec && last.nanos === begun.nanos;
    last.count = isEqual ? last.count + 1 : 1;
    last.sec = begun.sec;
    last.nanos = begun.nanos;
    const before = builder.cost;
    builder.end(begun, last.count - 1, output.stamp);
    this.#grew(builder.cost - before);
    if (builder.cost >= BATCH_BYTES) this.#seal();
  }

  /** Forgets lines that are not complete: they will be read again. */
  abandon(): void {
    for (const stream of STREAMS) {
      const output = this.#outputs[stream];
      if (output.isOpen) output.builder.abandon();
      output.isOpen = false;
    }
  }

  /** The engine's clock was set back: from here on its times mean new lines. */
  turn({ sec, nanos }: Moment): void {
    this.#seal();
    this.#since = { sec: sec - 1, nanos };
    this.#turn++;
    for (const stream of STREAMS) this.#outputs[stream].last.count = 0;
  }

  /** Reports lines that are gone, in their place between the others. */
  gap(from: Moment, to: Moment, fields: Event, text: string): void {
    this.#seal();
    const bytes = new TextEncoder().encode(text);
    const framing = {
      kind: "records" as const,
      starts: Uint32Array.of(0),
      ends: Uint32Array.of(bytes.length),
      positions: Float64Array.of(positionOf(from, 0)),
      extra: [{ "@timestamp": momentText(to), ...fields }],
    };
    const stream: StreamInfo = { id: this.#streamId("gap", windowOf(from)), fields: this.#fields };
    this.#grew(bytes.length);
    this.#push(
      { stream, data: bytes, framing, streamKey: this.#id, position: storedPosition(this.#told) },
      bytes.length,
    );
  }

  /** The next batch, or undefined when there is no complete line. */
  take(): WaitingBatch | undefined {
    if (this.#waiting.length === 0) this.#seal();
    return this.#waiting.shift();
  }

  #streamId(kind: string, window: number): string {
    return `docker-${this.#id.slice(0, 16)}-${kind}${this.#turn > 0 ? this.#turn : ""}-${window.toString(16)}`;
  }

  /** Makes batches of what is complete: first of stdout, then of stderr. Only the last one says that both are read. */
  #seal(): void {
    const full = STREAMS.filter((stream) => this.#outputs[stream].builder.records > 0);
    const reached = this.position;
    for (const stream of full) {
      const output = this.#outputs[stream];
      const { builder, window, fields } = output;
      const { cost } = builder;
      output.builder = builder.split();
      if (stream === full.at(-1)) this.#told = reached;
      else this.#told = { ...this.#told, streams: { ...this.#told.streams, ...pick(reached.streams, stream) } };
      const info = { id: this.#streamId(OUTPUT_NAMES[stream], window), fields };
      this.#push({ ...builder.take(), stream: info, streamKey: this.#id, position: storedPosition(this.#told) }, cost);
    }
  }

  /** @param own what is said of the lines of each output besides */
  setFields(fields: Event, own: Readonly<Record<OutputStream, Event>>): void {
    this.#fields = fields;
    for (const stream of STREAMS) this.#outputs[stream].fields = { ...fields, ...own[stream] };
  }

  #push(batch: SourceBatch, cost: number): void {
    this.#waiting.push({ batch, cost });
  }
}

function pick(streams: LogPosition["streams"], stream: OutputStream): LogPosition["streams"] {
  const position = streams[stream];
  return position ? { [stream]: position } : {};
}
