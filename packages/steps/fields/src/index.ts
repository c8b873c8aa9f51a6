export { dropStep, keepStep } from "./condition.ts";
export { convertStep } from "./convert.ts";
export { removeStep } from "./remove.ts";
export { renameStep } from "./rename.ts";
export { setStep } from "./set.ts";
export { timestampStep } from "./timestamp.ts";
