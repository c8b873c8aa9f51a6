export { parseStep } from "./step.ts";
