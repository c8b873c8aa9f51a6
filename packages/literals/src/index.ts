export { type HitVisitor, LiteralFinder, type MarkVisitor } from "./finder.ts";
export type { Around, Automaton, LiteralGate, Room } from "./gates.ts";
