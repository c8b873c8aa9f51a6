export { compileKernel, KernelFamily, type KernelInput, type NoKernel } from "./family.ts";
export type { Kernel, KernelBatch } from "./kernel.ts";
export type { TemplateFor } from "./shape.ts";
export type { StampedLines } from "./stamp-table.ts";
