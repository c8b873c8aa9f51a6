export { gelfSource } from "./gelf/index.ts";
export { tcpSource } from "./tcp.ts";
export { udpSource } from "./udp.ts";
