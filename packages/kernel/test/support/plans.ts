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

const HEADER =
  "\\A(?<n1>(?:[A-Z][a-z]{2} +[0-9]{1,2} [0-9:.]+|[0-9]{4}-[^ ]+)) (?<n2>[^ ]+) (?<n3>sshd(?:-session|-auth)?)(?:\\[(?<n4>[0-9]+)\\])?: ";
const ADDRESS = (n: number): string =>
  `(?<n${n}>(?:(?<n${n + 1}>(?:[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*))|[^ ]+))`;
const MESSAGES: readonly (readonly [source: string, fields: string[]])[] = [
  [
    `(?<n5>Failed (?<n6>[^ ]+) for invalid user (?<n7>[^ ]*) from ${ADDRESS(8)} port (?<n10>[0-9]+) ssh2)`,
    ["method", "user.name", "source.address", "source.ip", "source.port"],
  ],
  [
    `(?<n5>Failed (?<n6>[^ ]+) for (?<n7>[^ ]*) from ${ADDRESS(8)} port (?<n10>[0-9]+) ssh2)`,
    ["method", "user.name", "source.address", "source.ip", "source.port"],
  ],
  [
    `(?<n5>Connection (?:closed|reset) by ${ADDRESS(6)} port (?<n8>[0-9]+)(?: \\[preauth\\])? ?)`,
    ["source.address", "source.ip", "source.port"],
  ],
  [
    `(?<n5>Accepted (?<n6>[^ ]+) for (?<n7>[^ ]*) from ${ADDRESS(8)} port (?<n10>[0-9]+) ssh2(?:: (?<n11>[^ ]+) (?<n12>[^ ]+)[\\s\\S]*)?)`,
    ["method", "user.name", "source.address", "source.ip", "source.port", "key.type", "key.fingerprint"],
  ],
  [
    `(?<n5>pam_unix\\((?<n6>[^:)]+):(?<n7>[^)]+)\\): session (?:opened|closed) for user (?<n8>\\w+).*)`,
    ["pam.service", "pam.type", "user.name"],
  ],
  ["(?<n5>.*)", []],
];

/** A list of messages behind one header, as `auth` has it. */
export function sshdPlan(): ParsePlan {
  const head = ["host.hostname", "process.name", "process.pid", "log.message"];
  return {
    patterns: MESSAGES.map(([message, fields], i) => ({
      source: `${HEADER}${message}\\z`,
      captures: [...head, ...fields].map((field, j) => ({
        field,
        group: j + 2,
        type: field === "process.pid" || field === "source.port" ? ("int" as const) : ("string" as const),
      })),
      timestampGroup: 1,
      constants: [
        ["event.action", `rule-${i}`],
        ["event.category", ["authentication"]],
      ],
    })),
    timestamp: (text, now) => syslogTime(text, now),
    timestampNeedsNow: true,
  };
}
