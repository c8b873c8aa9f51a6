import type { Event } from "@sluice/core";

/** What came of one check. */
export interface CheckResult {
  readonly isUp: boolean;
  /** `✓ SUCCESS: …` or `✗ FAILURE: …`. */
  readonly text: string;
  readonly fields: Event;
}

/** Milliseconds that each part of a check took; those parts that there were. */
export interface Phases {
  dns?: number;
  connect?: number;
  tls?: number;
  /** From the request to the first byte of the answer. */
  firstByte?: number;
}

/** What a check of one kind finds out. */
export interface Finding {
  /** What is said in the table behind ✓ or ✗. */
  readonly success: string;
  readonly failure: string;
  /** Why it failed, when it did. */
  readonly problem?: string;
  /** Whether `failure` tells the problem already. */
  readonly isSaid?: boolean;
  readonly fields: Event;
  readonly phases: Phases;
}

export function ms(since: number): number {
  return Math.round((performance.now() - since) * 1000) / 1000;
}
