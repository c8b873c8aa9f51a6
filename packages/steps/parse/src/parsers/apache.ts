import type { NamedParser } from "../parser.ts";
import { type Constants, type PatternRule, tableParser } from "../pattern-table.ts";

const ACCESS: Constants = [["event.dataset", "apache.access"]];
const ERROR: Constants = [["event.dataset", "apache.error"]];

const RULES: readonly PatternRule[] = [
  { pattern: "HTTPD_COMBINED_IPV4", constants: ACCESS },
  { pattern: "HTTPD_COMBINED_IPV6", constants: ACCESS },
  { pattern: "HTTPD_COMMON_IPV4", constants: ACCESS },
  { pattern: "HTTPD24_ERRORLOG", constants: ERROR, plainOnly: true },
  { pattern: "HTTPD20_ERRORLOG", constants: ERROR, plainOnly: true },
  { pattern: "HTTPD_ACCESS", constants: ACCESS, plainOnly: true },
];

/** Apache httpd's access logs (common, combined, with virtual host) and error logs (2.0 to 2.4). */
export const apache: NamedParser = {
  name: "apache",
  summary: "Apache httpd access logs (common, combined, with virtual host) and error logs",
  create: (ctx) => tableParser(ctx, RULES),
};
