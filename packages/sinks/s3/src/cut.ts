import {
  type BatchOrigin,
  type CutRange,
  formatInstant,
  type JournalledCut,
  type OfferedBatch,
  type Value,
} from "@sluice/core";
import type { ObjectWriter, Packing } from "./object-writer.ts";
import type { Parcel } from "./partition.ts";

/** One object of a cut. */
export interface CutObject {
  /** Time that its events share, as far as the key tells times apart. */
  readonly time: string;
  readonly key: string;
  /** The store has it. */
  stored: boolean;
  /** Undefined for an object that was stored in an earlier run: what belongs into it is in it. */
  readonly writer: ObjectWriter | undefined;
}

/** What a cut's journal entry says besides its ranges. */
export interface CutNote extends Packing {
  readonly bucket: string;
  /** When its first event was read, in milliseconds since the epoch. */
  readonly opened: number;
  readonly granularity: number;
  readonly objects: readonly { readonly time: string; readonly key: string; readonly stored: boolean }[];
}

export interface CutPlan extends Omit<CutNote, "objects"> {
  readonly id: string;
  readonly source: string;
  /** Set for a cut of an earlier run: it ends where it ended then. */
  readonly until?: ReadonlyMap<string, CutRange>;
  /** Makes the object for events of a time; null when there are enough. Only asked for new cuts. */
  readonly open: (time: string) => Promise<CutObject | null>;
}

/**
 * A piece of one source's input, which becomes one object for each time in it: all its objects end together, so that
 * what is stored of each stream has one border, and a restart repeats the cut or leaves it, as a whole.
 */
export class Cut {
  readonly plan: CutPlan;
  readonly objects = new Map<string, CutObject>();
  /** Milliseconds on the monotonic clock when it last got a batch. */
  touched = performance.now();
  timer: NodeJS.Timeout | undefined;
  readonly #ranges = new Map<string, CutRange>();
  readonly #settles: (() => void)[] = [];
  events = 0;

  constructor(plan: CutPlan, objects: readonly CutObject[] = []) {
    this.plan = plan;
    for (const object of objects) this.objects.set(object.time, object);
  }

  /** Packed bytes of its largest object. */
  get size(): number {
    return Math.max(0, ...Array.from(this.objects.values(), ({ writer }) => writer?.size ?? 0));
  }

  /** Whether it began in an earlier run and holds all again that it held then. */
  get isComplete(): boolean {
    const { until } = this.plan;
    if (!until) return false;
    return Array.from(until.values()).every(
      ({ streamId, to, resume }) => resume === undefined || (this.#ranges.get(streamId)?.to ?? -1) >= to,
    );
  }

  get isEmpty(): boolean {
    return this.#settles.length === 0;
  }

  /** Whether a batch of an earlier run's input belongs to it. */
  covers({ streamId, from }: BatchOrigin): boolean {
    const range = this.plan.until?.get(streamId);
    return range !== undefined && from >= range.from && from < range.to;
  }

  /** How many objects it would have with these parcels. */
  widthWith(parcels: readonly Parcel[]): number {
    const times = new Set(this.objects.keys());
    for (const { time } of parcels) times.add(time ?? this.#openedTime());
    return times.size;
  }

  /** Packs a batch. */
  async add(batch: OfferedBatch, parcels: readonly Parcel[]): Promise<void> {
    const writes: Promise<void>[] = [];
    for (const { time, bytes } of parcels) {
      const { writer } = await this.#objectFor(time ?? this.#openedTime());
      if (writer) writes.push(writer.write(bytes));
    }
    await Promise.all(writes);
    this.events += batch.ends.length;
    this.#reach(batch.origin);
    this.#settles.push(batch.settle);
    batch.release();
    this.touched = performance.now();
  }

  /** What the journal has to know so that the next start can repeat it. */
  journalled(): JournalledCut {
    const { id, source, bucket, opened, granularity, compression, level, until } = this.plan;
    const objects = Array.from(this.objects.values(), ({ time, key, stored }) => ({ time, key, stored }));
    const packing: Packing = { compression, ...(level !== undefined && { level }) };
    const note: CutNote = { bucket, opened, granularity, ...packing, objects };
    const ranges = until && this.isComplete ? until : this.#ranges;
    return { id, source, ranges: [...ranges.values()], note: note as unknown as Value };
  }

  /** All of it is stored. */
  settle(): void {
    for (const settle of this.#settles.splice(0)) settle();
  }

  /**
   * The object for a time. Where there may be no more objects, or when the cut is repeated, it is the one of the nearest
   * time before, else of the earliest: that depends only on which objects there are.
   */
  async #objectFor(time: string): Promise<CutObject> {
    const known = this.objects.get(time);
    if (known) return known;
    const made = this.plan.until ? null : await this.plan.open(time);
    if (made) {
      this.objects.set(time, made);
      return made;
    }
    return this.objects.get(nearestTime(this.objects.keys(), time) as string) as CutObject;
  }

  #openedTime(): string {
    return openedTime(this.plan);
  }

  #reach({ streamKey, streamId, from, to, resume }: BatchOrigin): void {
    if (Number.isNaN(to)) return;
    const begun = this.#ranges.get(streamId)?.from ?? from;
    const range = { streamKey, streamId, from: begun, to };
    this.#ranges.set(streamId, resume === undefined ? range : { ...range, resume });
  }
}

/** Of the times of a cut's objects the nearest one before a time, else the earliest; undefined when there is none. */
export function nearestTime(times: Iterable<string>, time: string): string | undefined {
  const sorted = [...times].sort();
  return sorted.findLast((one) => one <= time) ?? sorted[0];
}

/** Events without a time of their own count as of the cut's beginning, so that they go where they went before. */
export function openedTime({ opened, granularity }: Pick<CutNote, "opened" | "granularity">): string {
  return formatInstant(opened).slice(0, granularity);
}
