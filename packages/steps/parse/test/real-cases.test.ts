import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "@sluice/core";
import { describe, expect, it } from "vitest";
import { inUtc, lines, parse } from "./support.ts";

// Lines with the fields that other projects' parsers read out of them; each case names its source and licence. Their
// names for fields are mapped to ours here.

interface RealCase {
  readonly parser: string;
  readonly input: string;
  readonly expected: Readonly<Record<string, string>>;
  readonly source: string;
  readonly licence: string;
}

/** CrowdSec's and Beats' names for access logs → ours. */
const WEB: Readonly<Record<string, string>> = {
  remote_addr: "source.address",
  clientip: "source.address",
  remote_user: "user.name",
  auth: "user.name",
  ident: "apache.access.user.identity",
  verb: "http.request.method",
  http_version: "http.version",
  httpversion: "http.version",
  status: "http.response.status_code",
  response: "http.response.status_code",
  body_bytes_sent: "http.response.body.bytes",
  bytes: "http.response.body.bytes",
  bytes_sent: "http.response.bytes",
  http_referer: "http.request.referrer",
  referrer: "http.request.referrer",
  http_user_agent: "user_agent.original",
  rawrequest: "http.request.line",
  target_fqdn: "url.domain",
  port: "url.port",
  scheme: "url.scheme",
  request_length: "http.request.bytes",
  request_time: "nginx.access.request_time",
  proxy_upstream_name: "nginx.upstream.name",
  proxy_alternative_upstream_name: "nginx.upstream.alternative_name",
  upstream_addr: "nginx.upstream.address",
  upstream_response_length: "nginx.upstream.response.bytes",
  upstream_response_time: "nginx.upstream.response.time",
  upstream_status: "nginx.upstream.response.status_code",
  upstream_cache_status: "nginx.cache.status",
  target_server: "nginx.upstream.address",
  gzip_ratio: "nginx.access.gzip_ratio",
  req_id: "http.request.id",
};

/** CrowdSec's names for syslog and sshd → ours. */
const SYSLOG: Readonly<Record<string, string>> = {
  message: "log.message",
  program: "process.name",
  pid: "process.pid",
  syslog_priority: "log.syslog.priority",
  syslog_version: "log.syslog.version",
  seq_id: "log.syslog.structured_data.meta.sequenceId",
  sshd_client_ip: "source.ip",
  sshd_client_port: "source.port",
  sshd_invalid_user: "user.name",
  sshd_auth_user: "user.name",
  uid: "system.auth.pam.uid",
  euid: "system.auth.pam.euid",
  event_inc_id: "event.sequence",
};

/** Theirs alone: what one of their stages is called, a part of a field of ours, or a name that is written twice. */
const THEIRS = new Set(["pam_type", "sshd_trail", "msg_type", "hostname"]);
const TIMES = new Set(["time_local", "timestamp", "timestamp8601"]);
const NUMBERS = new Set(["request_time", "gzip_ratio"]);

const cases = lines(readFileSync(join(import.meta.dirname, "fixtures/cases/real.jsonl"), "utf8")).map(
  (line) => JSON.parse(line) as RealCase,
);

/** What our event says for one of their fields. */
function ours(event: Event, name: string, { parser, input }: RealCase): unknown {
  if (name === "request") {
    const url = event["url.original"] ?? event["http.request.line"];
    return / \S*\[[^\]]*\] \[\] /.test(input)
      ? `${event["http.request.method"] as string} ${url as string} HTTP/1.1`
      : url;
  }
  const field = (parser === "nginx" || parser === "apache" ? WEB : SYSLOG)[name];
  expect(field, `no field for ${name}`).toBeDefined();
  return event[field as string];
}

describe("real cases", () => {
  it("are of many kinds", () => {
    expect(new Set(cases.map(({ parser }) => parser))).toEqual(new Set(["nginx", "apache", "auth", "syslog"]));
  });

  it.each(cases)("$parser: $input", (real) => {
    const event = parse(inUtc(real.parser), real.input);
    expect(event["tags"]).toBeUndefined();
    for (const [name, value] of Object.entries(real.expected)) {
      if (THEIRS.has(name)) continue;
      if (TIMES.has(name)) {
        expect(event["@timestamp"]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
        continue;
      }
      const absent = value === "-" || value === "";
      const wanted = absent ? undefined : NUMBERS.has(name) ? String(Number(value)) : value;
      const found = ours(event, name, real);
      expect(found === undefined ? found : String(found as string | number), name).toBe(wanted);
    }
  });
});
