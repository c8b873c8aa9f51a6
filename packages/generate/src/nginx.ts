import { cachedFormat, isoSeconds, localTime } from "./clock.ts";
import { WebTraffic } from "./web.ts";

/** What the Laboratory's script wrote behind the protocol of a request: the page that was asked for. */
const PAGES = ["/empresa", "/vagas", "/contato", "/"];

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

/**
 * The records that the Laboratory's script simulated: an object over twelve lines, with its blanks, its time without
 * leading zeros and zone, its request time in milliseconds and its words behind the protocol.
 */
export function nginxJsonObjects(seed: number, start: Date, leakOneIn?: number): () => string {
  const traffic = new WebTraffic(seed, start, { escape: escapeJson, leakOneIn });
  const time = cachedFormat(
    (d) => `${isoSeconds(d).slice(0, 10)}T:${d.getUTCHours()}:${d.getUTCMinutes()}:${d.getUTCSeconds()}`,
  );
  return () => {
    const r = traffic.next();
    const fields = [
      `"time": "${time(r.second)}"`,
      `"remote_addr": "${r.address}"`,
      `"remote_user": "${r.user}"`,
      `"body_bytes_sent": "${r.bytes}"`,
      `"request_time": "${r.duration}"`,
      `"status": "${r.status}"`,
      `"request": "${r.request} ${traffic.random.pick(PAGES)}"`,
      `"request_method": "${r.method}"`,
      `"http_referrer": "${r.referrer}"`,
      `"http_user_agent": "${r.agent}"`,
    ];
    return `{ \n \t${fields.join(", \n \t")}\n}`;
  };
}
