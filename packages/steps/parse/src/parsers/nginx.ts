import type { NamedParser } from "../parser.ts";
import { type Constants, type PatternRule, tableParser } from "../pattern-table.ts";
import { parseNginxJson } from "./nginx-json.ts";

const ACCESS: Constants = [["event.dataset", "nginx.access"]];
const ERROR: Constants = [["event.dataset", "nginx.error"]];

const RULES: readonly PatternRule[] = [
  { pattern: "NGINX_COMBINED_IPV4", constants: ACCESS },
  { pattern: "NGINX_COMBINED_IPV6", constants: ACCESS },
  { pattern: "NGINX_COMBINED", constants: ACCESS, plainOnly: true },
  { pattern: "NGINX_ERROR_CLIENT", constants: ERROR, plainOnly: true },
  { pattern: "NGINX_ERROR", constants: ERROR, plainOnly: true },
  { pattern: "NGINX_INGRESS", constants: ACCESS, plainOnly: true },
  { pattern: "NGINX_ACCESS", constants: ACCESS, plainOnly: true },
  { pattern: "NGINX_TIMED", constants: ACCESS, plainOnly: true },
  { pattern: "NGINX_PROXY_MANAGER", constants: ACCESS, plainOnly: true },
];

const OPENING_BRACE = 0x7b;
const QUOTE = 0x22;

/** nginx's access log as combined, JSON with or without braces, ingress or proxy manager lines, and its error log. */
export const nginx: NamedParser = {
  name: "nginx",
  summary: "nginx access logs (combined, or JSON with and without braces) and error logs",
  create(ctx) {
    const table = tableParser(ctx, RULES);
    return {
      ...table,
      parse(text, event, now) {
        const first = text.charCodeAt(0);
        const isJson = first === OPENING_BRACE || first === QUOTE;
        return isJson ? parseNginxJson(text, event, now, ctx) : table.parse(text, event, now);
      },
    };
  },
};

/** One pretty-printed JSON object a record, as joined by `multiline` or cut by `splitJsonObjects`. */
export const nginxJsonPretty: NamedParser = {
  name: "nginx_json_pretty",
  summary: "nginx access logs as JSON objects over several lines",
  create: (ctx) => ({ parse: (text, event, now) => parseNginxJson(text, event, now, ctx) }),
};
