export { type ReceivedMessage, type Receiver, type ReceiverOptions, startReceiver } from "./receiver.ts";
export type { ReceiverCounts } from "./sorter.ts";
