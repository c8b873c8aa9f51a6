import type { ParsePlan, StreamInfo } from "@sluice/core";
import { formatInstant, utcMs } from "@sluice/core";

export const STREAM: StreamInfo = {
  id: "3f9a1c77d2",
  fields: { "log.file.path": '/var/log/nginx/access "x".log', "host.name": "wéb-1" },
  positionField: "log.offset",
};

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

/** `10/Jan/2017:16:06:27 +0000` as RFC 3339. */
export function nginxTime(text: string): string | null {
  const m = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(text);
  const month = m ? MONTHS.indexOf(m[2] as string) : -1;
  if (m === null || month < 0) return null;
  const ms = utcMs(Number(m[3]), month / 3 + 1, Number(m[1]), Number(m[4]), Number(m[5]), Number(m[6]));
  if (ms === null) return null;
  return formatInstant(ms - Number(`${m[7]}1`) * (Number(m[8]) * 60 + Number(m[9])) * 60_000);
}

/** `Jan 10 16:06:27` as RFC 3339 in the year of `now`. */
export function syslogTime(text: string, now: number): string | null {
  const m = /^([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)$/.exec(text);
  const month = m ? MONTHS.indexOf(m[1] as string) : -1;
  if (m === null || month < 0) return null;
  const year = new Date(now).getUTCFullYear();
  const ms = utcMs(year, month / 3 + 1, Number(m[2]), Number(m[3]), Number(m[4]), Number(m[5]));
  return ms === null ? null : formatInstant(ms);
}

const NGINX =
  "\\A(?<source.address>[^ ]+) [^ ]+ (?:-|(?<user.name>[^ ]+)) \\[(?<timestamp>[^\\]]+)\\] " +
  '"(?<http.request.method>[A-Z]+) (?<url.original>(?<url.path>[^ ?"]*)(?:\\?(?<url.query>[^ "]*))?) ' +
  'HTTP/(?<http.version>[0-9.]+)" (?<http.response.status_code>\\d{3}) (?:-|(?<http.response.body.bytes>\\d+)) ' +
  '"(?:-|(?<http.request.referrer>[^"]*))" "(?:-|(?<user_agent.original>[^"]*))"';

export function nginxPlan(): ParsePlan {
  // Group names of JavaScript and of Oniguruma hold no dots.
  const names = [...NGINX.matchAll(/\(\?<([^>]+)>/g)].map((m) => m[1] as string);
  let n = 0;
  const source = NGINX.replace(/\(\?<[^>]+>/g, () => `(?<n${++n}>`);
  const captures = names
    .map((field, i) => ({
      field,
      group: i + 1,
      type: /status_code|bytes/.test(field) ? ("int" as const) : ("string" as const),
    }))
    .filter(({ field }) => field !== "timestamp");
  const timestampGroup = names.indexOf("timestamp") + 1;
  return {
    patterns: [{ source, captures, timestampGroup, constants: [["event.dataset", "nginx.access"]] }],
    timestamp: nginxTime,
  };
}
