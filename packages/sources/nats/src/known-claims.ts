import type { Value } from "@sluice/core";
import { z } from "zod";
import { includesSeq, isPacked, unpackSeqs } from "./seqs.ts";

/** What is written into the log of claims: a part of one, with the messages that it covers. */
export interface ClaimEntry {
  readonly id: string;
  readonly sink: string;
  /** Run of the source that made it. */
  readonly by: string;
  /** Milliseconds for which it may become visible after it was certain that it was not revoked. */
  readonly late: number;
  readonly note: Value;
  readonly seqs: string;
}

const written = z.object({
  id: z.string(),
  sink: z.string(),
  by: z.string(),
  late: z.number(),
  note: z.json(),
  seqs: z.string().refine(isPacked),
});

/** What a text in the log says; undefined when it is nothing that a sluice has written. */
export function claimEntry(body: string): ClaimEntry | undefined {
  const parsed = written.safeParse(parsedJson(body));
  return parsed.success ? (parsed.data as ClaimEntry) : undefined;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Messages that one entry covers. */
export interface Covered {
  readonly seqs: Float64Array;
  readonly first: number;
  readonly last: number;
  /** Number of the entry in the log. */
  readonly at: number;
}

/** A claim as far as it has been read. */
export interface KnownClaim extends Omit<ClaimEntry, "seqs"> {
  readonly parts: Covered[];
  /** The last message that it covers. */
  last: number;
  /** When it was seen, on the monotonic clock, that another sluice takes its messages over. */
  revoked: number | undefined;
  /** Since when all of its messages are known to be acknowledged. */
  done: number | undefined;
}

/** The claims of all sluices of a consumer that may still matter. */
export class KnownClaims {
  readonly #claims = new Map<string, KnownClaim>();
  #byLast: KnownClaim[] | undefined;

  get(id: string): KnownClaim | undefined {
    return this.#claims.get(id);
  }

  /** Enters what was read; returns the messages that it covers. */
  add({ seqs: packed, ...entry }: ClaimEntry, at: number): Covered {
    const seqs = unpackSeqs(packed);
    const part = { seqs, first: seqs[0] ?? 0, last: seqs.at(-1) ?? 0, at };
    let claim = this.#claims.get(entry.id);
    if (!claim)
      this.#claims.set(entry.id, (claim = { ...entry, parts: [], last: 0, revoked: undefined, done: undefined }));
    claim.parts.push(part);
    claim.last = Math.max(claim.last, part.last);
    this.#byLast = undefined;
    return part;
  }

  revoke(id: string, now: number): void {
    const claim = this.#claims.get(id);
    if (claim) claim.revoked ??= now;
  }

  /** Claims that a message is under. New messages are behind most claims, so that hardly one is looked at. */
  covering(seq: number): KnownClaim[] {
    this.#byLast ??= [...this.#claims.values()].sort((a, b) => b.last - a.last);
    const found: KnownClaim[] = [];
    for (const claim of this.#byLast) {
      if (claim.last < seq) break;
      if (claim.parts.some((part) => seq >= part.first && seq <= part.last && includesSeq(part.seqs, seq)))
        found.push(claim);
    }
    return found;
  }

  /**
   * Forgets what has been acknowledged, up to `floor`, for so many milliseconds.
   * Returns the first entry of the log that may still matter, or Infinity.
   */
  forget(floor: number, now: number, after: number): number {
    let first = Number.POSITIVE_INFINITY;
    for (const [id, claim] of this.#claims) {
      // A leader that fails may take acknowledgements back.
      claim.done = claim.last <= floor ? (claim.done ?? now) : undefined;
      if (claim.done !== undefined && now - claim.done >= after) this.#claims.delete(id);
      else first = Math.min(first, ...claim.parts.map(({ at }) => at));
    }
    this.#byLast = undefined;
    return first;
  }
}
