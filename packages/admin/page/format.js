// Numbers for people. Every text on the page goes through these or through `textContent`: nothing is parsed as HTML.

const UNITS = ["", "k", "M", "G", "T"];

/** `0`, `9.5`, `950`, `12.3k`. */
export function number(n) {
  let unit = 0;
  while (Math.abs(n) >= 999.95 && unit < UNITS.length - 1) {
    n /= 1000;
    unit++;
  }
  const digits = Number.isInteger(n) || Math.abs(n) >= 100 ? 0 : 1;
  return n.toFixed(digits) + UNITS[unit];
}

/** All digits, in groups. */
export function whole(n) {
  return Math.round(n).toLocaleString("en").replaceAll(",", " ");
}

export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (n >= 1023.95 && unit < units.length - 1) {
    n /= 1024;
    unit++;
  }
  return `${unit === 0 || n >= 100 ? n.toFixed(0) : n.toFixed(1)} ${units[unit]}`;
}

/** Seconds as `350 µs`, `12 ms`, `4.5 s`, `3 m 20 s`, `2 h 5 m`, `3 d 4 h`. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds > 0 && seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${Math.floor(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} m`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

export function percent(part) {
  return `${Math.round(part * 100)} %`;
}

/** Of a time in milliseconds or of RFC 3339: the time of day. */
export function clock(time) {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toLocaleTimeString("en-GB");
}

/** A text of at most so many characters. */
export function short(text, most) {
  const characters = Array.from(text);
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}

export function sum(counts) {
  return Object.values(counts).reduce((all, n) => all + n, 0);
}
