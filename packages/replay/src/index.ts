export { parseS3Address } from "./address.ts";
export type { Archive } from "./archive.ts";
export { findArchives } from "./find.ts";
export { type Damage, ReplaySource } from "./replay-source.ts";
