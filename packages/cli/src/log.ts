import type { Logger } from "@sluice/core";
import pino, { type LoggerOptions } from "pino";

/** sluice's own log, on stderr: pino JSON, or readable lines on a terminal. Level from SLUICE_LOG_LEVEL, default info. */
export async function createLogger(): Promise<Logger> {
  const level = process.env["SLUICE_LOG_LEVEL"] ?? "info";
  const options: LoggerOptions = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const logger: Logger = process.stderr.isTTY
    ? pino(options, await prettyStream())
    : pino(options, pino.destination({ fd: 2, sync: true }));
  return logger;
}

async function prettyStream() {
  const { default: pretty } = await import("pino-pretty");
  return pretty({ destination: 2, sync: true, colorize: true, translateTime: "SYS:HH:MM:ss" });
}
