import type { Event, ServiceCount } from "@sluice/core";

const ERRORS = new Set(["error", "err", "critical", "crit", "fatal", "alert", "emergency", "emerg", "panic", "severe"]);
const WARNINGS = new Set(["warning", "warn"]);

/** How bad an event is: by its level, else by its status code, else by its outcome. */
function severityOf(event: Event): "errors" | "warnings" | undefined {
  const level = event["log.level"];
  if (typeof level === "string") {
    const name = level.toLowerCase();
    if (ERRORS.has(name)) return "errors";
    return WARNINGS.has(name) ? "warnings" : undefined;
  }
  const status = event["http.response.status_code"];
  if (typeof status === "number" && status >= 400) return status >= 500 ? "errors" : "warnings";
  return event["event.outcome"] === "failure" ? "warnings" : undefined;
}

/** The service that an event is of, or what comes next to that name. */
function serviceOf(event: Event): string {
  const name =
    event["service.name"] ??
    event["container.name"] ??
    event["process.name"] ??
    event["event.dataset"] ??
    event["log.file.path"];
  return typeof name === "string" ? name : "other";
}

/** Enters an event; `weight` is how many it stands for. */
export function countService(services: Record<string, ServiceCount>, event: Event, weight: number): void {
  const name = serviceOf(event);
  const count = Object.hasOwn(services, name) ? services[name] : undefined;
  const entry = count ?? addService(services, name);
  entry.events += weight;
  const severity = severityOf(event);
  if (severity) entry[severity] += weight;
}

/** Services told apart in one batch; what is above that is entered as `other`. */
const MAX_SERVICES = 64;

function addService(services: Record<string, ServiceCount>, name: string): ServiceCount {
  const full = Object.keys(services).length >= MAX_SERVICES;
  const key = full ? "other" : name;
  const entry = (Object.hasOwn(services, key) ? services[key] : undefined) ?? { events: 0, errors: 0, warnings: 0 };
  // A name that came from data must not become a prototype.
  Object.defineProperty(services, key, { value: entry, enumerable: true, configurable: true, writable: true });
  return entry;
}
