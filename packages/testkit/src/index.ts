export * from "./check-source.ts";
export * from "./debian.ts";
export { Graylog, type GraylogFault } from "./graylog.ts";
export { GraylogCodec, type GraylogVerdict } from "./graylog-codec.ts";
export { Nginx } from "./nginx.ts";
export { ObjectStore, type ObjectStoreQuota, startObjectStore } from "./object-store.ts";
export { OBJECT_STORE_VERSIONS, type ObjectStoreVersion, requireObjectStore } from "./object-store-programs.ts";
export * from "./source-context.ts";
export { type ProxyFaults, startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
