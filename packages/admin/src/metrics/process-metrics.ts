import { readdirSync } from "node:fs";
import { type MetricDefinition, named } from "./metric.ts";

/** Figures of the process, for all pipelines together. */
export const PROCESS_METRICS: readonly MetricDefinition[] = [
  {
    name: "build_info",
    help: "1, with the version of sluice and of Node.js.",
    type: "gauge",
    read: ({ version }) => [[{ version, node: process.version }, 1]],
  },
  {
    name: "ready",
    help: "1 when /readyz says so.",
    type: "gauge",
    read: (observed) => [[{}, observed.started() && !observed.stateFailing() ? 1 : 0]],
  },
  {
    name: "reloads_total",
    help: "Times that the pipeline files were read again: `failed` changed nothing.",
    type: "counter",
    read: (observed) => named({}, "result", observed.reloads?.()?.counts ?? {}),
  },
  {
    name: "last_reload_successful",
    help: "0 when the last reload failed; 1 otherwise, also before the first.",
    type: "gauge",
    read: (observed) => {
      const history = observed.reloads?.();
      return history ? [[{}, history.last?.result.ok === false ? 0 : 1]] : [];
    },
  },
  {
    name: "last_reload_success_timestamp_seconds",
    help: "When the pipeline files were last read without an error, in seconds since the epoch: at the start, or later.",
    type: "gauge",
    read: (observed) => {
      const history = observed.reloads?.();
      return history ? [[{}, history.successAt / 1000]] : [];
    },
  },
  {
    name: "state_losses_total",
    help: "Times that a damaged state database was set aside, and sources read again from their beginning.",
    type: "counter",
    read: (observed) => [[{}, observed.stateLosses()]],
  },
  {
    name: "process_start_time_seconds",
    help: "When sluice was started, in seconds since the epoch.",
    type: "gauge",
    read: ({ startedAt }) => [[{}, startedAt / 1000]],
  },
  {
    name: "process_cpu_seconds_total",
    help: "CPU time of all threads.",
    type: "counter",
    read: () => {
      const { user, system } = process.cpuUsage();
      return [[{}, (user + system) / 1e6]];
    },
  },
  {
    name: "process_resident_memory_bytes",
    help: "Memory that the process holds.",
    type: "gauge",
    read: () => [[{}, process.memoryUsage.rss()]],
  },
  {
    name: "process_heap_bytes",
    help: "Heap of the main thread that is in use.",
    type: "gauge",
    read: () => [[{}, process.memoryUsage().heapUsed]],
  },
  {
    name: "process_open_fds",
    help: "File descriptors that are open.",
    type: "gauge",
    read: () => [[{}, openFiles()]],
  },
  {
    name: "process_main_thread_busy_seconds_total",
    help: "Time in which the main thread was not idle.",
    type: "counter",
    read: () => [[{}, performance.eventLoopUtilization().active / 1000]],
  },
];

function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return Number.NaN;
  }
}
