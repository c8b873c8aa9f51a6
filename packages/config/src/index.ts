export { findPipelineFiles } from "./files.ts";
export { type LoadedPipeline, type LoadOptions, loadPipeline } from "./load.ts";
export { formatProblem, type Problem } from "./problem.ts";
export { type ValidateOptions, validatePipeline } from "./validate.ts";
