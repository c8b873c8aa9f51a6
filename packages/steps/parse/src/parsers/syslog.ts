import type { Event } from "@sluice/core";
import type { NamedParser } from "../parser.ts";
import { type PatternRule, tableParser } from "../pattern-table.ts";
import { setStructuredData } from "./structured-data.ts";

/** RFC 5424 section 6.2.1, tables 1 and 2. */
const FACILITIES = (
  "kernel user-level mail system security/authorization syslogd line-printer network-news uucp clock " +
  "security/authorization-private ftp ntp log-audit log-alert clock-daemon " +
  "local0 local1 local2 local3 local4 local5 local6 local7"
).split(" ");
const SEVERITIES = ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"];
const MAX_PRIORITY = 191;

/** Ways in which syslog lines begin, the most usual first. */
export const SYSLOG_RULES: readonly PatternRule[] = [
  { pattern: "SYSLOG3164" },
  { pattern: "SYSLOG5424", finish },
  { pattern: "SYSLOG3164_ODD", finish },
  { pattern: "SYSLOG3164_NO_HOST", finish },
  { pattern: "SYSLOG3164_NO_TAG", finish },
  { pattern: "SYSLOG_BARE", finish },
];

/** Syslog after RFC 3164 (with and without priority, also with ISO times) and RFC 5424 with structured data. */
export const syslog: NamedParser = {
  name: "syslog",
  summary: "Syslog lines after RFC 3164 and RFC 5424, with or without priority",
  create: (ctx) => tableParser(ctx, SYSLOG_RULES, { yearless: true }),
};

/** What is encoded within a captured text: facility and severity, structured data, a process id that is a number. */
function finish(event: Event): void {
  const priority = event["log.syslog.priority"];
  if (typeof priority === "number" && priority <= MAX_PRIORITY) setPriority(event, priority);
  const procid = event["log.syslog.procid"];
  if (typeof procid === "string" && /^\d{1,15}$/.test(procid)) {
    delete event["log.syslog.procid"];
    event["process.pid"] = Number(procid);
  }
  const data = event["log.syslog.structured_data"];
  if (typeof data === "string") {
    delete event["log.syslog.structured_data"];
    setStructuredData(event, data);
  }
  const message = event["log.message"];
  // RFC 5424 section 6.4: UTF-8 text begins with a byte order mark.
  if (typeof message === "string" && message.startsWith("\u{FEFF}")) event["log.message"] = message.slice(1);
}

function setPriority(event: Event, priority: number): void {
  const facility = priority >> 3;
  const severity = priority & 7;
  event["log.syslog.facility.code"] = facility;
  event["log.syslog.facility.name"] = FACILITIES[facility] as string;
  event["log.syslog.severity.code"] = severity;
  event["log.syslog.severity.name"] = SEVERITIES[severity] as string;
  event["log.level"] = SEVERITIES[severity] as string;
}
