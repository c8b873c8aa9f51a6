export { type ExplainedPipeline, explainPipeline, pipelineText } from "./explain.ts";
export { findPipelineFiles } from "./files.ts";
export { type LoadedPipeline, type LoadOptions, loadPipeline } from "./load.ts";
export { suggestion } from "./nearest.ts";
export { pipelineJsonSchema } from "./pipeline-schema.ts";
export { formatProblem, type Problem } from "./problem.ts";
export { componentReference, sinkCommonReference } from "./reference.ts";
export { type LoadedStepOptions, loadStepOptions } from "./step-options.ts";
export { type ValidateOptions, validatePipeline } from "./validate.ts";
