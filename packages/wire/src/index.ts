export { ChunkJoiner, type ChunkLimits } from "./chunks.ts";
export { FrameSplitter } from "./frames.ts";
export { parseMessage, unpack } from "./payload.ts";
