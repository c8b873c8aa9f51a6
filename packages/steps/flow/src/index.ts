export { countStep } from "./count.ts";
export { dedupeStep } from "./dedupe.ts";
export { multilineStep } from "./multiline.ts";
export { sampleStep } from "./sample.ts";
export { sequenceStep } from "./sequence.ts";
export { throttleStep } from "./throttle.ts";
