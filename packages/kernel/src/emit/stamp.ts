import { call, type FunctionBuilder, get, i32, i64, type ModuleBuilder, set, v128 } from "@sluice/wasm";
import { STAMP_ENTRY } from "./layout.ts";

const TEXT_BYTES = 30;

/** `(entry, out) → out`: the line's own time as seconds since the epoch with three decimals. */
export function emitStampEpoch(module: ModuleBuilder, decimal: FunctionBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32"], ["i32"]);
  const [entry, out] = [0, 1];
  func.body(
    set(out, call(decimal.index, i64.load(get(entry), STAMP_ENTRY.seconds), get(out))),
    i32.store(get(out), i32.load(get(entry), STAMP_ENTRY.millis)),
    i32.add(get(out), i32.const(4)),
  );
  return func;
}

/** `(entry, out) → out`: the line's own time as RFC 3339. */
export function emitStampText(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32"], ["i32"]);
  const [entry, out] = [0, 1];
  func.body(
    v128.store(get(out), v128.load(get(entry), STAMP_ENTRY.text)),
    v128.store(get(out), v128.load(get(entry), STAMP_ENTRY.text + 16), 16),
    i32.add(get(out), i32.const(TEXT_BYTES)),
  );
  return func;
}
