import { parseSize } from "@sluice/core";
import type { ContainerDetails } from "../engine/containers.ts";

/** What the engine keeps of a container's log. */
export interface Rotation {
  /** Bytes after which it begins another file; Infinity when it never does. */
  readonly size: number;
  /** Files that it keeps, with the one that it writes to. */
  readonly files: number;
}

/** The `local` driver's defaults, and those of the copy that the engine keeps for drivers that cannot be read. */
const LOCAL_BYTES = 20 * 1024 * 1024;
const LOCAL_FILES = 5;

export function rotationOf(details: ContainerDetails): Rotation {
  const { Type: driver = "json-file", Config: config } = details.HostConfig?.LogConfig ?? {};
  if (driver === "journald") return { size: Number.POSITIVE_INFINITY, files: 1 };
  const prefix = driver === "json-file" || driver === "local" ? "" : "cache-";
  const isJson = driver === "json-file";
  return {
    size: sizeOf(config?.[`${prefix}max-size`]) ?? (isJson ? Number.POSITIVE_INFINITY : LOCAL_BYTES),
    files: filesOf(config?.[`${prefix}max-file`]) ?? (isJson ? 1 : LOCAL_FILES),
  };
}

/** Docker's sizes: `10m`, `100k`, `1gb`; units are powers of 1024. `-1` is no limit. */
function sizeOf(text: string | undefined): number | undefined {
  const m = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text?.trim() ?? "");
  if (!m) return undefined;
  return parseSize(`${m[1]}${m[2] ? `${(m[2] as string).toUpperCase()}iB` : "B"}`);
}

function filesOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Math.max(1, Number(text)) : undefined;
}
