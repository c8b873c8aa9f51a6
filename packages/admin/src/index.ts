export { METRICS, PREFIX } from "./metrics/index.ts";
export { type Admin, type AdminOptions, startAdmin } from "./server.ts";
export type { PipelineStatus, SinkStatus, SourceStatus, Status, StepStatus } from "./status/status.ts";
export type {
  ComponentView,
  Observed,
  PipelineView,
  ReloadHistory,
  ReloadOutcome,
  ReloadResult,
  StepView,
} from "./view.ts";
