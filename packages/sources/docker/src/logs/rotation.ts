import { parseSize } from "@sluice/core";
import type { ContainerDetails } from "../engine/containers.ts";

/** The `local` driver's default, and that of the copy that the engine keeps for drivers that cannot be read. */
const LOCAL_BYTES = 20 * 1024 * 1024;

/** Bytes after which the engine begins another file for a container's log; Infinity when it never does. */
export function rotationSize(details: ContainerDetails): number {
  const { Type: driver = "json-file", Config: config } = details.HostConfig?.LogConfig ?? {};
  if (driver === "journald") return Number.POSITIVE_INFINITY;
  if (driver === "json-file") return sizeOf(config?.["max-size"]) ?? Number.POSITIVE_INFINITY;
  return sizeOf(config?.[driver === "local" ? "max-size" : "cache-max-size"]) ?? LOCAL_BYTES;
}

/** Docker's sizes: `10m`, `100k`, `1gb`; units are powers of 1024. `-1` is no limit. */
function sizeOf(text: string | undefined): number | undefined {
  const m = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text?.trim() ?? "");
  if (!m) return undefined;
  return parseSize(`${m[1]}${m[2] ? `${(m[2] as string).toUpperCase()}iB` : "B"}`);
}
