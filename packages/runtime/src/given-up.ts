import type { Logger } from "@sluice/core";
import type { Books } from "./books.ts";
import type { SourceSet } from "./source-set.ts";

interface GivingUp {
  readonly sources: SourceSet;
  readonly books: Books;
  readonly log: Logger;
  readonly pipeline: string;
}

/**
 * The sinks have ended: what they did not settle is given up. Returns the sources that may be kept even so; the others
 * have to begin at their positions.
 */
export function giveUpRest(
  keep: ReadonlySet<string>,
  { sources, books, log, pipeline }: GivingUp,
): ReadonlySet<string> {
  const kept = new Set(keep);
  for (const { name: source, acks } of sources.runners()) {
    const { batches, comesAgain } = acks.opened();
    if (batches === 0) continue;
    const events = books.giveUp(source);
    const fate = comesAgain ? "is read again" : "is lost: its source cannot be read again";
    log.warn(
      { pipeline, source, batches, events },
      `the old sinks did not take everything in time; what was in flight ${fate}`,
    );
    if (comesAgain) kept.delete(source);
    else {
      sources.renew(source);
      books.lost(source, "given_up", events);
    }
  }
  return kept;
}
