export { tcpSource } from "./tcp.ts";
export { udpSource } from "./udp.ts";
