import type { Desired } from "./desired.ts";

/** How what is to run differs from what runs. */
export interface Difference {
  readonly added: readonly Desired[];
  readonly changed: readonly Desired[];
  /** Names. */
  readonly removed: readonly string[];
  readonly unchanged: readonly Desired[];
}

/**
 * Compares pipelines by name and content.
 * @param running those that run; one that has ended by itself is left out, and so started again
 */
export function compare(running: ReadonlyMap<string, Desired>, next: readonly Desired[]): Difference {
  const names = new Set(next.map(({ spec }) => spec.name));
  const known = next.filter(({ spec }) => running.has(spec.name));
  const isSame = ({ spec, identity }: Desired) => running.get(spec.name)?.identity === identity;
  return {
    added: next.filter(({ spec }) => !running.has(spec.name)),
    changed: known.filter((one) => !isSame(one)),
    removed: [...running.keys()].filter((name) => !names.has(name)),
    unchanged: known.filter(isSame),
  };
}

/** Names of sources that are the same in both, and so may go on while the rest of their pipeline is replaced. */
export function keptSources(before: Desired, after: Desired): ReadonlySet<string> {
  return new Set([...after.sources].filter(([name, id]) => before.sources.get(name) === id).map(([name]) => name));
}
