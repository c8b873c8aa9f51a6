import { ModuleBuilder } from "@sluice/wasm";
import { EncodeEmitter, type EncodeInput, emitWriters } from "./emit/encode.ts";
import { emitRun } from "./emit/lines.ts";
import { type AcceptFunction, MatchEmitter } from "./emit/match.ts";
import type { Node } from "./regex/ast.ts";

export interface ModulePlan {
  readonly tree: Node;
  readonly groups: number;
  /** By pattern; null where what it matches is for the plain path. */
  readonly frames: readonly (EncodeInput | null)[];
  readonly maxRecordBytes: number;
  /** How often a byte of a line may appear in its frame at most. */
  readonly copies: number;
  /** Lines have times and positions of their own. */
  readonly stamped: boolean;
}

/** Generates the module of a kernel. Imports `env.time(start, length, entry)`, exports `run`. */
export function buildModule(plan: ModulePlan): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const resolveTime = module.import("time", ["i32", "i32", "i32"], ["i32"]);
  const writers = emitWriters(module, resolveTime);
  const encoders = plan.frames.map((frame) => {
    if (frame === null) return null;
    const func = module.func(["i32", "i32", "i32"], ["i32"]);
    new EncodeEmitter(func, writers, frame).emit();
    return func.index;
  });
  const accept: AcceptFunction = (pattern) => encoders[pattern] as number | null;
  const match = module.func(["i32", "i32", "i32"], ["i32"]);
  const branch = () => module.func(["i32", "i32", "i32", "i32"], ["i32"]);
  new MatchEmitter(match, accept, branch).emit(plan.tree, plan.groups);
  const run = emitRun(module, match, plan);
  module.export("run", run);
  return module.bytes();
}
