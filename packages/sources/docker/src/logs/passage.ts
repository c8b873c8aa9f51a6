import { compareMoments, type Moment, millis } from "../time.ts";
import type { MessageHandler, OutputStream } from "./frames.ts";
import type { StreamPosition } from "./position.ts";
import type { LogProgress } from "./progress.ts";
import { StampReader } from "./stamps.ts";

/** Messages and bytes a millisecond: the engine writes no log faster. It took 60 MB a second on two cores. */
const MOST_MESSAGES = 500;
const MOST_BYTES = 500_000;
/** Messages are no shorter, with what the engine writes around them. */
const LEAST_BYTES = 100;
/** A clock that is not set may still be this many milliseconds ahead of itself, as we see it. */
const CLOCK_TOLERANCE_MS = 100;

export interface PassageOptions {
  readonly progress: LogProgress;
  /** Whether the connection goes on behind what was there when it was opened. */
  readonly follow: boolean;
  /** Milliseconds since the epoch, by the engine's clock, when it was opened. */
  readonly opened: number;
  /** Size of the log's file at which the engine begins another one, in bytes; Infinity: never. */
  readonly rotatesAt: number;
  /** Engines before 23.0: see `EngineClient.repeatsAtRotation`. */
  readonly repeats: boolean;
  readonly maxLine: number;
  /** Now, in milliseconds since the epoch, by the engine's clock. */
  readonly now: () => number;
  /** Whether another connection waits to take over: asked where this one may leave out lines. */
  readonly isRelieved: () => boolean;
  readonly onFault: (text: string) => void;
  readonly onGap: (from: Moment, to: Moment) => void;
}

/** The line that is being put together of an output. One object for all of them. */
interface OpenLine {
  isOpen: boolean;
  sec: number;
  nanos: number;
  skipped: boolean;
}

const noLine = (): OpenLine => ({ isOpen: false, sec: 0, nanos: 0, skipped: false });

/**
 * What is done with the messages of one connection.
 *
 * What was in the log when it was opened comes whole and in order. What a follow adds to that does not: when the log is
 * rotated twice while the engine waits for a slow reader (or for its own turn), engines of 23.0 and later go on in the newest
 * file, and older ones also repeat the beginning of a file. Neither is told. So where that may have happened, `message`
 * gives up the connection: the next one begins with the last line that is certain, and has all behind it.
 */
export class Passage implements MessageHandler {
  readonly #options: PassageOptions;
  readonly #stamps = new StampReader();
  /** Per output: the line to go on behind, as long as that is not reached. */
  readonly #resume: { [stream in OutputStream]?: StreamPosition };
  readonly #equal: Record<OutputStream, number> = { 1: 0, 2: 0 };
  readonly #lines: Readonly<Record<OutputStream, OpenLine>> = { 1: noLine(), 2: noLine() };
  /** The output whose last line must be there again, else lines are gone. */
  readonly #witness: OutputStream | undefined;
  /** Bytes of the longest message so far. */
  #longest = LEAST_BYTES;
  /** Milliseconds that it takes to write a whole file of the log, at least. */
  #fullAfter = 0;
  #before: number;
  #beforeLag = Number.POSITIVE_INFINITY;
  #arrival = 0;
  /** Lines that were new. */
  taken = 0;

  constructor(options: PassageOptions) {
    this.#options = options;
    const { streams } = options.progress.position;
    this.#resume = { ...streams };
    this.#witness = laterStream(streams);
    this.#measure(LEAST_BYTES);
    this.#before = options.opened;
  }

  /** Time of the last message, in milliseconds since the epoch. */
  get reached(): number {
    return this.#before;
  }

  /** Called before the messages of a chunk. */
  arrive(): void {
    this.#arrival = this.#options.now();
  }

  #measure(bytes: number): void {
    this.#longest = bytes;
    this.#fullAfter = this.#options.rotatesAt / Math.min(MOST_BYTES, MOST_MESSAGES * bytes);
  }

  message(stream: OutputStream, bytes: Buffer, start: number, end: number): boolean {
    if (end - start > this.#longest) this.#measure(end - start);
    const stamps = this.#stamps;
    const text = stamps.read(bytes, start, end);
    if (text < 0) return this.#unstamped(stream, bytes, start, end);
    const line = this.#lines[stream];
    const isPart = line.isOpen && line.sec === stamps.sec && line.nanos === stamps.nanos;
    if (isPart && this.#mayRepeatPart(stream, line, bytes, text, end)) return false;
    if (!isPart) {
      if (line.isOpen) this.#end(stream, line);
      if (!this.#begin(stream, stamps, stamps.isUsual ? bytes : null, start)) return false;
    }
    this.#append(stream, bytes, text, end);
    return true;
  }

  /** Text without a time belongs to the line before it. */
  #unstamped(stream: OutputStream, bytes: Buffer, start: number, end: number): boolean {
    if (!this.#lines[stream].isOpen) {
      const { sec, nanos } = this.#options.progress.last(stream) ?? { sec: Math.floor(this.#arrival / 1000), nanos: 0 };
      if (!this.#begin(stream, { sec, nanos }, null, 0)) return false;
    }
    this.#append(stream, bytes, start, end);
    return true;
  }

  #append(stream: OutputStream, bytes: Buffer, start: number, end: number): void {
    const line = this.#lines[stream];
    const { progress, maxLine } = this.#options;
    if (!line.skipped) progress.append(stream, bytes, start, end, maxLine);
    if (bytes[end - 1] === 10 && end > start) this.#end(stream, line);
  }

  #end(stream: OutputStream, line: OpenLine): void {
    line.isOpen = false;
    if (line.skipped) return;
    this.#options.progress.end(stream);
    this.taken++;
  }

  /** False when the connection is to be given up instead. `bytes` has the stamp at `at`, if it is of the usual form. */
  #begin(stream: OutputStream, moment: Moment, bytes: Buffer | null, at: number): boolean {
    const skipped = this.#isKnown(stream, moment);
    if (!skipped && (this.#isLeft(moment) || !this.#inOrder(stream, moment))) return false;
    this.#before = millis(moment);
    this.#beforeLag = this.#arrival - this.#before;
    const line = this.#lines[stream];
    line.isOpen = true;
    line.sec = moment.sec;
    line.nanos = moment.nanos;
    line.skipped = skipped;
    if (!skipped) this.#options.progress.begin(stream, moment, bytes, at);
    return true;
  }

  /** Whether the line was read over an earlier connection. */
  #isKnown(stream: OutputStream, moment: Moment): boolean {
    const last = this.#resume[stream];
    if (!last) return false;
    const order = compareMoments(moment, last);
    if (order < 0) return true;
    if (order === 0 && ++this.#equal[stream] <= last.count) return true;
    delete this.#resume[stream];
    if (stream === this.#witness && this.#equal[stream] === 0)
      this.#options.onGap(last, { sec: moment.sec, nanos: moment.nanos });
    return false;
  }

  #isFollowed(moment: Moment): boolean {
    return this.#options.follow && millis(moment) > this.#options.opened;
  }

  /** Whether to go on over another connection, as this one may leave out lines or has done so. */
  #isLeft(moment: Moment): boolean {
    return this.#isFollowed(moment) && (this.#maySkip(moment) || this.#options.isRelieved());
  }

  /**
   * Whether the engine may have left out lines before this one, which is followed: then at least a whole file was written between the two, and the
   * first of them was that old when we got it.
   */
  #maySkip(moment: Moment): boolean {
    const pause = millis(moment) - this.#before;
    return pause > this.#fullAfter && this.#beforeLag > this.#fullAfter;
  }

  /** False when the line may be a repeated one. */
  #inOrder(stream: OutputStream, moment: Moment): boolean {
    const { progress, repeats, now } = this.#options;
    const last = progress.last(stream);
    if (!last) return true;
    const order = compareMoments(moment, last);
    const mayRepeat = repeats && this.#isFollowed(last) && millis(last) <= now() + CLOCK_TOLERANCE_MS;
    if (order <= 0 && mayRepeat) return false;
    if (order < 0) progress.turn(moment);
    return true;
  }

  /** Whether a part of a line may have come twice; the last part of a line is not concerned, it ends it. */
  #mayRepeatPart(stream: OutputStream, line: OpenLine, bytes: Buffer, start: number, end: number): boolean {
    const { repeats, progress } = this.#options;
    return repeats && !line.skipped && this.#isFollowed(line) && progress.endsWith(stream, bytes, start, end);
  }

  fault(text: string): void {
    this.#options.onFault(text);
  }

  /**
   * The connection is at its end.
   * @param complete the container has ended too: what it wrote last need not end with a line end
   */
  finish(complete: boolean): void {
    for (const stream of [1, 2] as const) {
      const line = this.#lines[stream];
      if (line.isOpen && complete) this.#end(stream, line);
    }
    this.#options.progress.abandon();
  }
}

function laterStream(streams: { [stream in OutputStream]?: StreamPosition }): OutputStream | undefined {
  const { 1: out, 2: err } = streams;
  if (out && err) return compareMoments(out, err) >= 0 ? 1 : 2;
  return out ? 1 : err ? 2 : undefined;
}
