import type { Value } from "./event.ts";
import type { JournalledCut } from "./sink.ts";

// A source that shares its input with other sluices hears of a dead one's work only by getting its records again. Claims tell
// it, and through it the sinks, what the dead one may have stored of them. docs/decisions/009 has the whole protocol.

/** What a sink says before it makes a cut visible. */
export interface ClaimRequest {
  /** Name of the sink. */
  readonly sink: string;
  readonly cut: JournalledCut;
  /** Milliseconds for which an attempt to make it visible may go on after it was allowed. */
  readonly late: number;
}

/** A claim that was entered. */
export interface Lease {
  /**
   * Whether the cut may be made visible by an attempt that begins now. False: another sluice has taken its records over.
   * Rejects when that cannot be told at present.
   */
  isOurs(): Promise<boolean>;
}

/** A claim of another sluice, or of an earlier run, that is certain not to change any more. */
export interface Claim {
  /** Id of the cut. */
  readonly id: string;
  /** Name of the sink that made it. */
  readonly sink: string;
  /** The cut's note. What of it is visible by now will stay, what is not never will be. */
  readonly note: Value;
}

/** The hold of a cut whose source shares its input with nobody. */
export const OWN_ALONE: Lease = { isOurs: () => Promise.resolve(true) };
