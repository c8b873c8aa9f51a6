export { type HitVisitor, LiteralFinder, type MarkVisitor } from "./finder.ts";
