import { globSync, readFileSync } from "node:fs";
import type { Contender, FieldNames } from "./contender.ts";
import type { GelfJob } from "./jobs.ts";

type Frame = Record<string, unknown>;
type Expected = Record<string, string | number>;

const COMBINED =
  /^(?<client>\S+) - (?<user>\S+) \[(?<time>[^\]]+)\] "(?<request>[^"]*)" (?<status>\d+) (?<bytes>\d+) "(?<referrer>[^"]*)" "(?<agent>[^"]*)"$/;
const REQUEST = /^(?<method>[A-Z]+) (?<url>\S+) HTTP\/(?<version>\S+)$/;
const SYSLOG =
  /^(?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<clock>[\d:]{8}) \S+ (?<program>[^\s[:]+)(?:\[(?<pid>\d+)\])?: (?<text>.*)$/;
const PEER =
  /^(?:Accepted|Failed|Invalid|Connection|Disconnected).*?(?: user| for) (?:invalid user )?(?<user>\S+) (?:from )?(?<address>[\d.]+) port (?<port>\d+)/;

/**
 * Compares frames with what a slow and simple reader finds in the lines that they carry. Returns what differs, one
 * text a difference.
 */
export function differences(contender: Contender, job: GelfJob, log: string, framePrefix: string): string[] {
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  const frames = globSync(`${framePrefix}.*`).flatMap(readFrames);
  const byLine = new Map(frames.map((frame) => [frame["short_message"], frame]));
  const found: string[] = [];
  for (const line of lines) {
    const frame = byLine.get(line);
    if (frame === undefined) found.push(`no frame carries ${line}`);
    else if (job === "nginx") found.push(...wrongFields(frame, expectedNginx(line), contender.fields.nginx));
    else if (job === "auth") found.push(...wrongFields(frame, expectedAuth(line), contender.fields.auth));
  }
  return found;
}

function readFrames(file: string): Frame[] {
  const texts = readFileSync(file, "utf8").split("\0").slice(0, -1);
  return texts.map((text) => JSON.parse(text) as Frame);
}

/** What of a line's fields differs in an event, which has them under these names; one text a difference. */
export function wrongFields(event: Frame, expected: Expected, names: FieldNames): string[] {
  const text = String(event["short_message"] ?? event["message"]);
  return Object.entries(expected).flatMap(([field, value]) => {
    const name = names[field] ?? field;
    const actual = field === "moment" ? moment(event["timestamp"]) : event[name];
    // sluice leaves fields out that are only a dash, as ECS has it.
    if (actual === value || (value === "-" && actual === undefined)) return [];
    return [`${name} is ${JSON.stringify(actual)}, not ${JSON.stringify(value)}: ${text}`];
  });
}

/** `05 Jan 06:25:16`: a time without the year, which a line of auth.log does not tell. */
function moment(timestamp: unknown): string {
  const text = new Date(Number(timestamp) * 1000).toUTCString();
  return text.slice(5, 11) + text.slice(16, 25);
}

/** Fields of a line of nginx in its combined format; the time in seconds since the epoch. */
export function expectedNginx(line: string): Expected {
  const { time = "", request = "", status, bytes, ...texts } = COMBINED.exec(line)?.groups ?? {};
  return {
    ...texts,
    ...REQUEST.exec(request)?.groups,
    timestamp: Date.parse(time.replace(":", " ").replaceAll("/", " ")) / 1000,
    status: Number(status),
    bytes: Number(bytes),
  };
}

function expectedAuth(line: string): Expected {
  const { month, day = "", clock, program = "", pid, text = "" } = SYSLOG.exec(line)?.groups ?? {};
  const { user, address, port } = PEER.exec(text)?.groups ?? {};
  const expected: Expected = { moment: `${day.trim().padStart(2, "0")} ${month} ${clock}`, program };
  if (pid !== undefined) expected["pid"] = Number(pid);
  if (user === undefined || address === undefined) return expected;
  return { ...expected, user, address, port: Number(port) };
}
