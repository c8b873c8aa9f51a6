import type { ProgramSpec, Registry, Watch } from "@sluice/core";
import { compileExpression } from "@sluice/expression";
import { createCleaner } from "./cleaner.ts";
import { type Condition, Observer, type Sample } from "./observer.ts";

/** Makes observers for a pipeline. */
export type Observing = (watch: Watch, sample?: Sample) => Observer;

/** Conditions that are kept compiled. */
const MAX_CONDITIONS = 32;
const NEVER: Condition = () => false;

/** For programs whose events may be looked at. */
export async function createObserving(spec: ProgramSpec, registry: Registry): Promise<Observing> {
  const cleaner = await createCleaner(spec, registry);
  const conditions = new Map<string, Condition>();
  const conditionOf = (source: string): Condition => {
    const known = conditions.get(source);
    if (known) return known;
    if (conditions.size >= MAX_CONDITIONS) conditions.clear();
    const made = compiled(source);
    conditions.set(source, made);
    return made;
  };
  return (watch, sample) => new Observer(watch, cleaner, conditionOf, sample);
}

/** Whoever asks has compiled it before; a batch must not fail because of somebody who only looks. */
function compiled(source: string): Condition {
  try {
    return compileExpression(source);
  } catch {
    return NEVER;
  }
}
