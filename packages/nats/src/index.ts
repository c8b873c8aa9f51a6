export { connectNats, type NatsLink } from "./connect.ts";
export { isForbidden, isMissing, natsFault, neverTaken } from "./faults.ts";
export { ensureStream } from "./stream.ts";
