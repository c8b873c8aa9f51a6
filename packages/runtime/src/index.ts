export {
  type PipelineOptions,
  type PipelineResult,
  PipelineRun,
  type PipelineSink,
  type PipelineSnapshot,
  type PipelineSource,
  runPipeline,
} from "./pipeline-run.ts";
export type { SinkSnapshot, SinkState } from "./sink/sink-runner.ts";
export type { SourceRunState, SourceSnapshot } from "./source-runner.ts";
export { type Ledger, type SinkLedger, total } from "./state/ledger.ts";
export { openState, State } from "./state/state.ts";
export type { WorkersSnapshot } from "./workers/runner.ts";
export { serveProgram } from "./workers/serve.ts";
