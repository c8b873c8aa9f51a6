export { s3Sink } from "./sink.ts";
export { type OpenUpload, type Sweep, sweepUploads } from "./sweep.ts";
