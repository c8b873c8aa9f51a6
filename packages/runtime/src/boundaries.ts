import type { JournalledCut, SourceBatch, Value } from "@sluice/core";
import { rangeOf } from "./origin.ts";
import { splitBatch } from "./split-batch.ts";

interface Boundary {
  readonly at: number;
  /** What the source goes on from behind it, as it said when the cut was made; undefined at the beginning of a cut. */
  readonly resume: Value | undefined;
}

/** The borders of cuts that were journalled before this start: what is read again is divided as it was the first time. */
export class Boundaries {
  readonly #streams = new Map<string, Boundary[]>();

  constructor(cuts: readonly JournalledCut[]) {
    for (const { source, ranges } of cuts) {
      for (const { streamId, from, to, resume } of ranges) {
        this.#add(source, streamId, { at: from, resume: undefined });
        this.#add(source, streamId, { at: to, resume });
      }
    }
    for (const list of this.#streams.values()) list.sort((a, b) => a.at - b.at);
  }

  /** A batch as pieces that lie on one side of each border. */
  split(source: string, batch: SourceBatch): readonly SourceBatch[] {
    const list = this.#streams.get(`${source}\0${batch.stream.id}`);
    if (!list) return [batch];
    const pieces: SourceBatch[] = [];
    let rest = batch;
    for (const { at, resume } of list) {
      const halves = splitBatch(rest, at, resume);
      if (!halves) continue;
      pieces.push(halves[0]);
      rest = halves[1];
    }
    const last = list.at(-1) as Boundary;
    if (rangeOf(rest)[1] > last.at) this.#streams.delete(`${source}\0${batch.stream.id}`);
    return [...pieces, rest];
  }

  #add(source: string, streamId: string, boundary: Boundary): void {
    const key = `${source}\0${streamId}`;
    const list = this.#streams.get(key) ?? [];
    const same = list.findIndex(({ at }) => at === boundary.at);
    if (same < 0) list.push(boundary);
    else if (boundary.resume !== undefined) list[same] = boundary;
    this.#streams.set(key, list);
  }
}
