export { type FunctionBuilder, ModuleBuilder } from "./assembler.ts";
export { block, br, brIf, type Code, type Label, label, loop, when } from "./code.ts";
export { instantiate, newMemory, type WasmMemory } from "./host.ts";
export * from "./ops.ts";
