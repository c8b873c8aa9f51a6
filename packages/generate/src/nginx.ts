import { cachedFormat, isoSeconds, localTime } from "./clock.ts";
import { WebTraffic } from "./web.ts";

/** nginx's `escape=default`: quotes, backslashes and bytes outside of printable ASCII as `\xHH`. */
function escapeDefault(text: string): string {
  return text.replace(/["\\]|[^ -~]/g, (c) => `\\x${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/** nginx's `escape=json`. */
function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Lines of nginx's predefined log format `combined`. */
export function nginxLines(seed: number, start: Date, leakOneIn?: number): () => string {
  const traffic = new WebTraffic(seed, start, { escape: escapeDefault, leakOneIn });
  const time = cachedFormat(localTime);
  return () => {
    const r = traffic.next();
    return `${r.address} - ${r.user} [${time(r.second)}] "${r.request}" ${r.status} ${r.bytes} "${r.referrer}" "${r.agent}"`;
  };
}

/**
 * Lines of the JSON log format that the Laboratory project uses: all values are strings, and the braces are missing.
 * One line in four has them, as where somebody repaired the format.
 */
export function nginxJsonLines(seed: number, start: Date, leakOneIn?: number): () => string {
  const traffic = new WebTraffic(seed, start, { escape: escapeJson, leakOneIn });
  const time = cachedFormat((date) => `${isoSeconds(date)}+00:00`);
  return () => {
    const r = traffic.next();
    const fields =
      `"time": "${time(r.second)}", "remote_addr": "${r.address}", "remote_user": "${r.user}", ` +
      `"body_bytes_sent": "${r.bytes}", "request_time": "${(r.duration / 1000).toFixed(3)}", "status": "${r.status}", ` +
      `"request": "${r.request}", "request_method": "${r.method}", "http_referrer": "${r.referrer}", ` +
      `"http_user_agent": "${r.agent}"`;
    return traffic.random.oneIn(4) ? `{${fields}}` : fields;
  };
}
