/**
 * Field names that hold numbers in the Elastic Common Schema (8.x types long, float, integer, scaled_float), as far as
 * logs carry them, and the positions that sluice's sources set. Graylog's index fixes the type of a field by its first
 * value and then refuses every message in which it differs, so these never leave as text.
 */
const ENDPOINTS = ["client", "destination", "server", "source"];
const ENDPOINT_NUMBERS = ["bytes", "packets", "port", "nat.port", "geo.location.lat", "geo.location.lon", "as.number"];
const PROCESSES = ["process", "process.parent"];
const PROCESS_NUMBERS = ["args_count", "exit_code", "pgid", "pid", "ppid", "thread.id", "uptime"];

const FIELDS = [
  ...ENDPOINTS.flatMap((base) => ENDPOINT_NUMBERS.map((field) => `${base}.${field}`)),
  ...PROCESSES.flatMap((base) => PROCESS_NUMBERS.map((field) => `${base}.${field}`)),
  "dns.answers.ttl",
  "event.duration",
  "event.risk_score",
  "event.risk_score_norm",
  "event.sequence",
  "event.severity",
  "file.size",
  "host.cpu.usage",
  "host.disk.read.bytes",
  "host.disk.write.bytes",
  "host.network.egress.bytes",
  "host.network.egress.packets",
  "host.network.ingress.bytes",
  "host.network.ingress.packets",
  "host.uptime",
  "http.request.body.bytes",
  "http.request.bytes",
  "http.response.body.bytes",
  "http.response.bytes",
  "http.response.status_code",
  "log.file.line",
  "log.offset",
  "log.origin.file.line",
  "log.syslog.facility.code",
  "log.syslog.priority",
  "log.syslog.severity.code",
  "network.bytes",
  "network.packets",
  "package.size",
  "url.port",
];

/** Their names as additional fields of GELF, `_` included. */
export const NUMERIC_NAMES: ReadonlySet<string> = new Set(FIELDS.map((field) => `_${field.replaceAll(".", "_")}`));
