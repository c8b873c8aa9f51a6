export { openTraffic, TRAFFIC_KINDS, type Traffic, type TrafficKind, type TrafficOptions } from "./traffic.ts";
