export { coerce } from "./coerce.ts";
export { GrokError, type PatternPlace, placeText } from "./errors.ts";
export { firstMatch, type Grok, type GrokFields, type GrokValue } from "./grok.ts";
export type { CaptureType, GrokCapture } from "./groups.ts";
export { type CompileOptions, PatternLibrary } from "./library.ts";
export { findReference } from "./reference.ts";
export { findSlowPart, type SlowPart } from "./slow.ts";
