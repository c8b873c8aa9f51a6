import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { requireDebian } from "../debian.ts";

/** Versions of the Docker Engine: those of Debian 12, 13 and sid. */
export type DockerVersion = "20.10" | "26.1" | "28.5";

/** The versions to test with: the oldest and the newest; the one between only in `npm run test:long`. */
export const DOCKER_VERSIONS: readonly DockerVersion[] = process.env["SLUICE_LONG_TESTS"]
  ? ["20.10", "26.1", "28.5"]
  : ["20.10", "28.5"];

const SUITES: Readonly<Record<DockerVersion, string>> = { "20.10": "bookworm", "26.1": "trixie", "28.5": "sid" };
const CACHE = process.env["SLUICE_DOCKER_CACHE"] ?? "/var/cache/sluice-testkit";

// `dmsetup` comes with the library that dockerd is linked to. Debian 12's runc serves all versions.
const SYSTEM = ["tini", "runc", "dmsetup", "iptables", "iproute2:ip"];

/** Directory in which a version is unpacked, after `requireDocker`. */
export function dockerRoot(version: DockerVersion): string {
  return join(CACHE, `docker-${version}`);
}

/**
 * Makes sure that a version of the engine can be started here, and fetches it from Debian's archive where it can, into
 * `SLUICE_DOCKER_CACHE`, as root only. As with `requireDebian`, false means "left out".
 */
export function requireDocker(version: DockerVersion = "20.10"): boolean {
  if (!requireDebian(SYSTEM)) return false;
  if (process.getuid?.() === 0 && mayMount() && fetchEngine(version)) return true;
  const reason = `Docker ${version} needs root, namespaces, and Debian's archive, to fill ${dockerRoot(version)}`;
  if (process.env["CI"]) throw new Error(reason);
  console.warn(`left out: ${reason}`);
  return false;
}

function mayMount(): boolean {
  const args = ["--mount", "--pid", "--cgroup", "--fork", "mount", "--make-rprivate", "/"];
  return spawnSync("unshare", args, { stdio: "ignore" }).status === 0;
}

function fetchEngine(version: DockerVersion): boolean {
  if (existsSync(`${dockerRoot(version)}.ready`)) return true;
  const args = [join(import.meta.dirname, "install.sh"), dockerRoot(version), SUITES[version]];
  return spawnSync("bash", args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}
