import type { Event, SourceBatch, StreamInfo } from "@sluice/core";
import { type Moment, momentText, positionOf, windowOf } from "../time.ts";
import type { OutputStream } from "./frames.ts";
import { type LogPosition, sinceOf, storedPosition } from "./position.ts";
import { RecordsBuilder } from "./records.ts";

/** A batch is handed on when it has so many bytes; when the pipeline is hungry, sooner. */
const BATCH_BYTES = 262_144;
const NAMES: Readonly<Record<OutputStream, string>> = { 1: "stdout", 2: "stderr" };

/** A batch that waits, and the memory it takes. */
export interface WaitingBatch {
  readonly batch: SourceBatch;
  readonly cost: number;
}

/** How far one container's log is read, and the batches made of it that wait to be emitted. */
export class LogProgress {
  readonly #id: string;
  #fields: Event = {};
  /** The same with each output's name: hundreds of containers with a line each second are as many batches. */
  #fieldsOf: Readonly<Record<OutputStream, Event>> = { 1: { stream: NAMES[1] }, 2: { stream: NAMES[2] } };
  position: LogPosition;
  readonly #waiting: WaitingBatch[] = [];
  readonly #open: { [stream in OutputStream]?: Moment } = {};
  #builders: Record<OutputStream, RecordsBuilder> = { 1: new RecordsBuilder(), 2: new RecordsBuilder() };
  #windows: Record<OutputStream, number> = { 1: 0, 2: 0 };
  /** What the last batch said. */
  #told: LogPosition;
  readonly #grew: (bytes: number) => void;

  /** @param grew told of memory that complete lines take */
  constructor(id: string, position: LogPosition, grew: (bytes: number) => void) {
    this.#id = id;
    this.position = position;
    this.#told = position;
    this.#grew = grew;
  }

  get hasLines(): boolean {
    return this.#waiting.length > 0 || this.#builders[1].records > 0 || this.#builders[2].records > 0;
  }

  /** Begins a line of an output. */
  begin(stream: OutputStream, moment: Moment): void {
    const window = windowOf(moment);
    if (this.#windows[stream] !== window && this.#builders[stream].records > 0) this.#seal();
    this.#windows[stream] = window;
    this.#builders[stream].begin();
    this.#open[stream] = moment;
  }

  append(stream: OutputStream, bytes: Buffer, start: number, end: number, limit: number): void {
    this.#builders[stream].append(bytes, start, end, limit);
  }

  endsWith(stream: OutputStream, bytes: Buffer, start: number, end: number): boolean {
    return this.#builders[stream].endsWith(bytes, start, end);
  }

  /** Ends the line that was begun. */
  end(stream: OutputStream): void {
    const moment = this.#open[stream] as Moment;
    delete this.#open[stream];
    const { streams, turn, since } = this.position;
    const last = streams[stream];
    const isEqual = last?.sec === moment.sec && last.nanos === moment.nanos;
    const count = isEqual ? last.count + 1 : 1;
    const builder = this.#builders[stream];
    const before = builder.cost;
    builder.end(moment, count - 1);
    this.#grew(builder.cost - before);
    const reached = { ...streams, [stream]: { ...moment, count } };
    const open = Object.values(this.#open);
    this.position = { streams: reached, turn, since: sinceOf(reached, open, since) };
    if (builder.cost >= BATCH_BYTES) this.#seal();
  }

  /** Forgets lines that are not complete: they will be read again. */
  abandon(): void {
    for (const stream of [1, 2] as const) {
      if (this.#open[stream]) this.#builders[stream].abandon();
      delete this.#open[stream];
    }
  }

  /** The engine's clock was set back: from here on its times mean new lines. */
  turn(moment: Moment): void {
    this.#seal();
    this.position = { since: { ...moment, sec: moment.sec - 1 }, streams: {}, turn: this.position.turn + 1 };
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
    const stream: StreamInfo = { id: this.#streamId("gap", windowOf(from)), fields: this.fields };
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
    const { turn } = this.position;
    return `docker-${this.#id.slice(0, 16)}-${kind}${turn > 0 ? turn : ""}-${window.toString(16)}`;
  }

  /** Makes batches of what is complete: first of stdout, then of stderr. Only the last one says that both are read. */
  #seal(): void {
    const full = ([1, 2] as const).filter((stream) => this.#builders[stream].records > 0);
    for (const stream of full) {
      const builder = this.#builders[stream];
      const { cost } = builder;
      this.#builders = { ...this.#builders, [stream]: builder.split() };
      const info = { id: this.#streamId(NAMES[stream], this.#windows[stream]), fields: this.#fieldsOf[stream] };
      if (stream === full.at(-1)) this.#told = this.position;
      else this.#told = { ...this.#told, streams: { ...this.#told.streams, ...pick(this.position.streams, stream) } };
      this.#push({ ...builder.take(), stream: info, streamKey: this.#id, position: storedPosition(this.#told) }, cost);
    }
  }

  /** Fields of the container. */
  get fields(): Event {
    return this.#fields;
  }

  set fields(fields: Event) {
    this.#fields = fields;
    this.#fieldsOf = { 1: { ...fields, stream: NAMES[1] }, 2: { ...fields, stream: NAMES[2] } };
  }

  #push(batch: SourceBatch, cost: number): void {
    this.#waiting.push({ batch, cost });
  }
}

function pick(streams: LogPosition["streams"], stream: OutputStream): LogPosition["streams"] {
  const position = streams[stream];
  return position ? { [stream]: position } : {};
}
