export { coerce } from "./coerce.ts";
export { GrokError, type PatternPlace } from "./errors.ts";
export { firstMatch, type Grok, type GrokFields, type GrokValue } from "./grok.ts";
export type { CaptureType, GrokCapture } from "./groups.ts";
export { type CompileOptions, PatternLibrary } from "./library.ts";
