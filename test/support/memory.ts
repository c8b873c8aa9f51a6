import { readFile } from "node:fs/promises";

/** A number out of /proc/PID/status in megabytes, e.g. the highest resident memory so far. */
export async function memoryOf(pid: number, what: "VmHWM" | "VmRSS"): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
}
