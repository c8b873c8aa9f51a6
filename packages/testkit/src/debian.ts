import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

// Some tests run against the real programs that sluice has to live with. They come from Debian, under their package's
// name; where they are missing and cannot be installed the suite is left out, but never silently and never in CI.

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Path of a program, also of those that only root has in the PATH, or null. */
export function findProgram(name: string): string | null {
  const directories = `${process.env["PATH"] ?? ""}${delimiter}${SYSTEM_PATH}`.split(delimiter);
  return directories.map((directory) => join(directory, name)).find(existsSync) ?? null;
}

/**
 * Makes sure that Debian packages are there, each checked by the program of its name, or of the name given behind a
 * colon (`nginx-light:nginx`). Installs what is missing when it runs as root. False, with the reason printed, when
 * that is not possible; an error instead when `CI` is set.
 */
export function requireDebian(packages: readonly string[]): boolean {
  const missing = () => packages.filter((name) => !findProgram(programOf(name)));
  if (missing().length > 0 && process.getuid?.() === 0) install(missing().map((name) => name.split(":")[0] as string));
  if (missing().length === 0) return true;
  const reason = `needs ${missing().map(programOf).join(", ")}: run as root: apt-get install ${missing().join(" ")}`;
  if (process.env["CI"]) throw new Error(reason);
  console.warn(`left out: ${reason}`);
  return false;
}

function programOf(name: string): string {
  return name.split(":").pop() as string;
}

function install(packages: readonly string[]): void {
  // At run level 1 a package does not start its services: the tests start what they need themselves.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const options = { stdio: "ignore", env } as const;
  const get = (...args: string[]) => spawnSync("apt-get", args, options).status === 0;
  const wanted = ["-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", ...packages];
  if (!get(...wanted) && get("update")) get(...wanted);
}
