import type { Logger } from "@sluice/core";
import pino from "pino";

/** sluice's own log, on stderr: pino JSON, or readable lines on a terminal. Level from SLUICE_LOG_LEVEL, default info. */
export async function createLogger(): Promise<Logger> {
  const level = process.env["SLUICE_LOG_LEVEL"] ?? "info";
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ fd: 2, sync: true }));
  const { default: pretty } = await import("pino-pretty");
  return pino(options, pretty({ destination: 2, sync: true, colorize: true, translateTime: "SYS:HH:MM:ss" }));
}
