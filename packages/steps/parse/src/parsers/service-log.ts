import type { NamedParser } from "../parser.ts";
import { tableParser } from "../pattern-table.ts";

/** `2025-04-13 07:15:22 UPLOAD WARN [SSLConnector] text`. */
export const serviceLog: NamedParser = {
  name: "service_log",
  summary: "Service logs: `2025-04-13 07:15:22 UPLOAD WARN [SSLConnector] text`",
  create: (ctx) => tableParser(ctx, [{ pattern: "SERVICE_LOG" }, { pattern: "SERVICE_LOG_PLAIN", plainOnly: true }]),
};
