export { JsonObjectJoiner, splitJsonObjects } from "./json-objects.ts";
export { parseStep } from "./step.ts";
