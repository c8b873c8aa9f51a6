export { ChunkJoiner } from "./chunks.ts";
export { FrameSplitter } from "./frames.ts";
export { parseMessage, unpack } from "./payload.ts";
export { type ReceivedMessage, type Receiver, type ReceiverOptions, startReceiver } from "./receiver.ts";
export type { ReceiverCounts } from "./sorter.ts";
