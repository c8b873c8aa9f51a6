import type { NamedParser } from "../parser.ts";
import { apache } from "./apache.ts";
import { auth } from "./auth.ts";
import { dockerComposeLogs, dockerJson } from "./docker.ts";
import { dockerEvents } from "./docker-events.ts";
import { df, uptime } from "./host.ts";
import { iptrafNg } from "./iptraf.ts";
import { json } from "./json.ts";
import { logfmt } from "./logfmt.ts";
import { multilog } from "./multilog.ts";
import { nginx, nginxJsonPretty } from "./nginx.ts";
import { serviceLog } from "./service-log.ts";
import { syslog } from "./syslog.ts";

/** Every parser that a pipeline file can call by name. */
export const NAMED_PARSERS: readonly NamedParser[] = [
  apache,
  auth,
  df,
  dockerComposeLogs,
  dockerEvents,
  dockerJson,
  iptrafNg,
  json,
  logfmt,
  multilog,
  nginx,
  nginxJsonPretty,
  serviceLog,
  syslog,
  uptime,
];
