export { fileSink } from "./file-sink.ts";
export { stdoutSink } from "./stdout-sink.ts";
