export type { HistogramSnapshot } from "./meters/histogram.ts";
export type { OpenWorkSnapshot } from "./meters/open-work.ts";
export type { SinkFlow } from "./meters/sink-meter.ts";
export type {
  PipelineOptions,
  PipelineResult,
  PipelineSink,
  PipelineSnapshot,
  PipelineSource,
  Watcher,
} from "./pipeline-options.ts";
export type { PipelineRun } from "./pipeline-run.ts";
export type { Prepared } from "./replacement.ts";
export { type ResendOptions, resend } from "./sink/resend.ts";
export type { SinkSnapshot, SinkState } from "./sink/sink-types.ts";
export type { SourceRunState, SourceSnapshot } from "./source-types.ts";
export { preparePipeline, runPipeline, startPrepared } from "./start-pipeline.ts";
export { type Ledger, type SinkLedger, total } from "./state/ledger.ts";
export { openMemoryState, openState, type State } from "./state/state.ts";
export type { WorkersSnapshot } from "./workers/runner.ts";
export { serveProgram } from "./workers/serve.ts";
