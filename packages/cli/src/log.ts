import { harmless, type Logger } from "@sluice/core";
import pino, { type LoggerOptions } from "pino";

/** sluice's own log, on stderr: pino JSON, or readable lines on a terminal. Level from SLUICE_LOG_LEVEL, default info. */
export async function createLogger(): Promise<Logger> {
  const level = process.env["SLUICE_LOG_LEVEL"] ?? "info";
  const options: LoggerOptions = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return process.stderr.isTTY
    ? forTerminal(pino(options, await prettyStream()))
    : pino(options, pino.destination({ fd: 2, sync: true }));
}

/** A log whose texts, of which some are a far end's or a sender's, hold nothing that a terminal would obey. */
function forTerminal(log: Logger): Logger {
  const clean = (value: unknown) => (typeof value === "string" ? harmless(value) : value);
  const at = (level: "debug" | "info" | "warn" | "error") => (fields: object, message: string) => {
    const entries = Object.entries(fields).map(([name, value]) => [name, clean(value)]);
    log[level](Object.fromEntries(entries), harmless(message));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

async function prettyStream() {
  const { default: pretty } = await import("pino-pretty");
  return pretty({ destination: 2, sync: true, colorize: true, translateTime: "SYS:HH:MM:ss" });
}
