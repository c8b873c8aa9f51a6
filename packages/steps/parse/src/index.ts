export { JsonObjectJoiner, splitJsonObjects } from "./json-objects.ts";
export { parserNames } from "./options.ts";
export { parseStep } from "./step.ts";
