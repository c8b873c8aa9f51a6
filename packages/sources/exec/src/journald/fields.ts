import { type Event, formatInstant, setField, type Value } from "@sluice/core";

/** A field of `journalctl -o json`: text, the bytes of what is no clean text, null when too long, or several of these. */
export type JournalValue = string | null | readonly number[] | readonly (string | null | readonly number[])[];

/** One entry as journalctl prints it. */
export type JournalEntry = { readonly [field: string]: JournalValue };

/** RFC 5424 section 6.2.1, tables 1 and 2, with the names that the parser `syslog` gives them. */
const FACILITIES = (
  "kernel user-level mail system security/authorization syslogd line-printer network-news uucp clock " +
  "security/authorization-private ftp ntp log-audit log-alert clock-daemon " +
  "local0 local1 local2 local3 local4 local5 local6 local7"
).split(" ");
const SEVERITIES = ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"];

/** Fields of the journal (systemd.journal-fields(7)) and their names in the Elastic Common Schema. */
const TEXT_FIELDS: Readonly<Record<string, readonly string[]>> = {
  SYSLOG_IDENTIFIER: ["process.name", "log.syslog.appname"],
  _COMM: ["process.name"],
  _EXE: ["process.executable"],
  _CMDLINE: ["process.command_line"],
  SYSLOG_PID: ["log.syslog.procid"],
  _UID: ["user.id"],
  _GID: ["group.id"],
  _HOSTNAME: ["host.name", "host.hostname"],
  _MACHINE_ID: ["host.id"],
  _BOOT_ID: ["host.boot.id"],
  _TRANSPORT: ["systemd.transport"],
  _SYSTEMD_UNIT: ["systemd.unit"],
  _SYSTEMD_USER_UNIT: ["systemd.user_unit"],
  _SYSTEMD_SLICE: ["systemd.slice"],
  MESSAGE_ID: ["systemd.message_id"],
  UNIT: ["systemd.object.unit"],
  CODE_FILE: ["log.origin.file.name"],
  CODE_FUNC: ["log.origin.function"],
  CONTAINER_ID_FULL: ["container.id"],
  CONTAINER_NAME: ["container.name"],
  CONTAINER_TAG: ["container.labels.tag"],
};
const NUMBER_FIELDS: Readonly<Record<string, string>> = {
  _PID: "process.pid",
  CODE_LINE: "log.origin.file.line",
};

/** Fields that journalctl is asked for; it adds its own, which begin with two underscores. */
export const KNOWN_FIELDS: readonly string[] = [
  "MESSAGE",
  "PRIORITY",
  "SYSLOG_FACILITY",
  ...Object.keys(TEXT_FIELDS),
  ...Object.keys(NUMBER_FIELDS),
];

/**
 * The fields of an event out of an entry; its message apart.
 * @param more names of further journal fields that the event has as `journald.<name>`, or `all`
 */
export function eventFields(entry: JournalEntry, more: "all" | readonly string[]): Event {
  const event: Event = {};
  const time = timeOf(entry["__REALTIME_TIMESTAMP"]);
  if (time !== "") event["@timestamp"] = time;
  for (const [field, names] of Object.entries(TEXT_FIELDS)) {
    const value = plainValue(entry[field]);
    if (value !== undefined) for (const name of names) event[name] ??= value;
  }
  for (const [field, name] of Object.entries(NUMBER_FIELDS)) {
    const number = numberOf(entry[field]);
    if (number !== undefined) event[name] = number;
  }
  // What a program says of itself counts where journald did not see who it was.
  event["process.pid"] ??= numberOf(entry["SYSLOG_PID"]) ?? null;
  if (event["process.pid"] === null) delete event["process.pid"];
  setPriority(event, numberOf(entry["PRIORITY"]), numberOf(entry["SYSLOG_FACILITY"]));
  setMore(event, entry, more);
  return event;
}

/** RFC 3339 of microseconds since the epoch as decimal text. */
function timeOf(microseconds: JournalValue | undefined): string {
  if (typeof microseconds !== "string" || !/^\d{1,16}$/.test(microseconds)) return "";
  const us = Number(microseconds);
  return formatInstant(Math.floor(us / 1000), (us % 1000) * 1000);
}

function setPriority(event: Event, severity: number | undefined, facility: number | undefined): void {
  const name = severity === undefined ? undefined : SEVERITIES[severity];
  if (name !== undefined) {
    event["log.syslog.severity.code"] = severity as number;
    event["log.syslog.severity.name"] = name;
    event["log.level"] = name;
  }
  const facilityName = facility === undefined ? undefined : FACILITIES[facility];
  if (facilityName !== undefined) {
    event["log.syslog.facility.code"] = facility as number;
    event["log.syslog.facility.name"] = facilityName;
  }
}

function setMore(event: Event, entry: JournalEntry, more: "all" | readonly string[]): void {
  for (const field of more === "all" ? Object.keys(entry) : more) {
    if (field === "MESSAGE" || field.startsWith("__") || (more === "all" && KNOWN_FIELDS.includes(field))) continue;
    const value = plainValue(entry[field]);
    if (value !== undefined) setField(event, `journald.${field.toLowerCase()}`, value);
  }
}

function numberOf(value: JournalValue | undefined): number | undefined {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

function plainValue(value: JournalValue | undefined): Value | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (isBytes(value)) return bytesOf(value).toString("utf8");
  const several = value.filter((one) => one !== null).map((one) => bytesOf(one).toString("utf8"));
  return several.length === 1 ? several[0] : several;
}

/** The bytes of a field; several values are joined by line ends. */
export function bytesOf(value: JournalValue | undefined): Buffer {
  if (value === undefined || value === null) return Buffer.alloc(0);
  if (typeof value === "string") return Buffer.from(value);
  if (isBytes(value)) return Buffer.from(value as number[]);
  const parts = value.flatMap((one, i) => (i > 0 ? [Buffer.from("\n"), bytesOf(one)] : [bytesOf(one)]));
  return Buffer.concat(parts);
}

function isBytes(value: Exclude<JournalValue, string | null>): value is readonly number[] {
  return value.every((one) => typeof one === "number");
}
