import { type Event, readExactJsonObject, setField, type Value } from "@sluice/core";
import { coerce } from "@sluice/grok";
import { setDotted } from "../json-value.ts";
import type { ParserContext } from "../parser.ts";
import { setTime } from "../pattern-table.ts";

type Kind = "string" | "int" | "float";

/** nginx variables as people name them in a JSON `log_format` → our field. */
const FIELDS: Readonly<Record<string, readonly [field: string, kind: Kind]>> = {
  body_bytes_sent: ["http.response.body.bytes", "int"],
  bytes_sent: ["http.response.bytes", "int"],
  status: ["http.response.status_code", "int"],
  request_method: ["http.request.method", "string"],
  method: ["http.request.method", "string"],
  request_length: ["http.request.bytes", "int"],
  request_time: ["nginx.access.request_time", "float"],
  request_id: ["http.request.id", "string"],
  remote_user: ["user.name", "string"],
  remote_port: ["source.port", "int"],
  http_referer: ["http.request.referrer", "string"],
  http_referrer: ["http.request.referrer", "string"],
  referer: ["http.request.referrer", "string"],
  referrer: ["http.request.referrer", "string"],
  http_user_agent: ["user_agent.original", "string"],
  user_agent: ["user_agent.original", "string"],
  http_x_forwarded_for: ["network.forwarded_ip", "string"],
  host: ["url.domain", "string"],
  http_host: ["url.domain", "string"],
  server_name: ["server.address", "string"],
  server_addr: ["server.ip", "string"],
  server_port: ["server.port", "int"],
  scheme: ["url.scheme", "string"],
  upstream_addr: ["nginx.upstream.address", "string"],
  upstream_status: ["nginx.upstream.response.status_code", "string"],
  upstream_response_time: ["nginx.upstream.response.time", "string"],
  upstream_response_length: ["nginx.upstream.response.bytes", "string"],
  upstream_cache_status: ["nginx.cache.status", "string"],
  ssl_cipher: ["tls.cipher", "string"],
};
const TIMES = new Set(["time", "time_local", "time_iso8601", "timestamp", "@timestamp", "msec"]);
const CLIENTS = new Set(["remote_addr", "client_ip", "clientip", "remote_ip"]);
const REQUEST = /^([A-Za-z_-]+) (\S+)(?: HTTP\/([0-9.]+))?(?<rest> .*)?$/s;
/** `2017-01-01T:2:6:49`: a shell script's idea of ISO 8601. */
const LOOSE_TIME = /^(\d{4})-(\d\d?)-(\d\d?)[T ]:?(\d\d?):(\d\d?):(\d\d?)(?!\d)/;

/** Reads an access line written as JSON: with braces, without (as in `"time": …, "status": …`), or over lines. */
export function parseNginxJson(text: string, event: Event, now: number, ctx: ParserContext): boolean {
  const trimmed = text.trim().replace(/,$/, "");
  const object = readExactJsonObject(trimmed.startsWith("{") ? trimmed : `{${trimmed}}`);
  if (object === null || Object.keys(object).length === 0) return false;
  for (const [name, value] of Object.entries(object)) setVariable(name, value, event, now, ctx);
  event["event.dataset"] = "nginx.access";
  return true;
}

function setVariable(name: string, value: Value, event: Event, now: number, ctx: ParserContext): void {
  if (value === null || value === "" || value === "-") return;
  const text = typeof value === "object" ? null : String(value);
  if (text === null) setDotted(event, { [name]: value }, "nginx.access.");
  else if (TIMES.has(name)) setTime(event, ctx.readTime(tidyTime(text), now));
  else if (CLIENTS.has(name)) setAddress(event, text);
  else if (name === "request") setRequest(event, text);
  else if (name === "request_uri" || name === "uri") setUrl(event, text);
  else if (name === "server_protocol") event["http.version"] = text.replace(/^HTTP\//, "");
  else if (Object.hasOwn(FIELDS, name)) {
    const [field, kind] = FIELDS[name] as readonly [string, Kind];
    event[field] = kind === "string" || !/^[0-9.]+$/.test(text) ? text : coerce(text, kind);
  } else setField(event, `nginx.access.${name}`, value);
}

function tidyTime(text: string): string {
  const loose = LOOSE_TIME.exec(text);
  if (!loose) return text;
  const [year, month, day, hour, minute, second] = loose.slice(1).map((part) => part.padStart(2, "0"));
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${text.slice(loose[0].length)}`;
}

function setAddress(event: Event, text: string): void {
  event["source.address"] = text;
  if (/^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+)$/.test(text)) event["source.ip"] = text;
}

/** `$request`. What is not method, URL and version is kept whole in `http.request.line`. */
function setRequest(event: Event, text: string): void {
  const m = REQUEST.exec(text);
  if (m) {
    event["http.request.method"] = m[1] as string;
    setUrl(event, m[2] as string);
    if (m[3] !== undefined) event["http.version"] = m[3];
  }
  if (!m || m.groups?.["rest"] !== undefined) event["http.request.line"] = text;
}

function setUrl(event: Event, url: string): void {
  event["url.original"] = url;
  const question = url.indexOf("?");
  const path = question < 0 ? url : url.slice(0, question);
  if (path !== "") event["url.path"] = path;
  if (question >= 0 && question + 1 < url.length) event["url.query"] = url.slice(question + 1);
}
