import type { Logger } from "@sluice/core";

const EVERY_MS = 200;
const WIDTH = 24;
/** Milliseconds over which the rate is measured. */
const WINDOW_MS = 5000;

/** What the bar shows. */
export interface Progress {
  readonly bytes: number;
  readonly total: number;
  readonly events: number;
}

/** Text of the bar. `rate` and `bytesRate` are per second. */
export function barText({ bytes, total, events }: Progress, rate: number, bytesRate: number): string {
  const share = total === 0 ? 1 : Math.min(1, bytes / total);
  const filled = Math.round(share * WIDTH);
  const bar = `${"=".repeat(filled)}${" ".repeat(WIDTH - filled)}`;
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const eta = share === 1 ? "" : `  ETA ${bytesRate > 0 ? clock((total - bytes) / bytesRate) : "--:--"}`;
  return `[${bar}] ${percent}  ${events.toLocaleString("en")} events  ${Math.round(rate).toLocaleString("en")}/s${eta}`;
}

function clock(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const pad = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${pad(m)}:${pad(s)}`;
}

/** A progress bar on a terminal; on anything else it does nothing. */
export class ProgressBar {
  readonly #out: NodeJS.WriteStream;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #seen: { at: number; bytes: number; events: number }[] = [];

  constructor(out: NodeJS.WriteStream, look: () => Progress) {
    this.#out = out;
    if (out.isTTY) this.#timer = setInterval(() => this.#draw(look()), EVERY_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  clear(): void {
    if (this.#out.isTTY) this.#out.write("\r\u001b[2K");
  }

  #draw(now: Progress): void {
    this.#seen.push({ at: performance.now(), bytes: now.bytes, events: now.events });
    while (this.#seen.length > WINDOW_MS / EVERY_MS) this.#seen.shift();
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    const seconds = first && last ? Math.max(0.001, (last.at - first.at) / 1000) : 1;
    const rate = (key: "events" | "bytes") => (first && last ? (last[key] - first[key]) / seconds : 0);
    const text = barText(now, rate("events"), rate("bytes"));
    this.#out.write(`\r\u001b[2K${text.slice(0, (this.#out.columns || 80) - 1)}`);
  }
}

/** A logger that takes the bar away before it writes; the bar comes back by itself. */
export function beside(log: Logger, clear: () => void): Logger {
  const around = (level: keyof Logger) => (fields: object, message: string) => {
    clear();
    log[level](fields, message);
  };
  return { debug: around("debug"), info: around("info"), warn: around("warn"), error: around("error") };
}
