import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DATA_DIR } from "./jobs.ts";

// Debian's rsyslog and syslog-ng exclude each other as packages, so both are unpacked beside the system, with the
// libraries that a small Debian lacks. Nothing is installed and nothing needs root.
const PACKAGES = [
  "rsyslog",
  "libestr0",
  "libfastjson4",
  "liblognorm5",
  "syslog-ng-core",
  "libivykis0",
  "libjson-c5",
  "libnet1",
  "libpcre3",
  "libwrap0",
  "libnsl2",
  "libtirpc3",
];

/** Where the peers' files lie as if it were `/`. */
export const PEERS_ROOT = join(DATA_DIR, "peers", "root");

/** Fetches and unpacks the peers once. Throws when apt cannot get them. */
export function fetchPeers(): void {
  const done = join(DATA_DIR, "peers", "complete");
  if (existsSync(done)) return;
  const debs = join(DATA_DIR, "peers", "debs");
  mkdirSync(debs, { recursive: true });
  mkdirSync(PEERS_ROOT, { recursive: true });
  execFileSync("apt-get", ["download", ...PACKAGES], { cwd: debs, stdio: ["ignore", "ignore", "pipe"] });
  for (const deb of globSync("*.deb", { cwd: debs })) execFileSync("dpkg-deb", ["-x", join(debs, deb), PEERS_ROOT]);
  writeFileSync(done, "");
}

/** Environment in which the unpacked programs find their libraries. */
export function peerEnvironment(): Record<string, string> {
  const folders = [...globSync("{,usr/}lib/*-linux-gnu", { cwd: PEERS_ROOT }), "usr/lib/syslog-ng"];
  return { LD_LIBRARY_PATH: folders.map((folder) => join(PEERS_ROOT, folder)).join(":") };
}

/** The only folder in the peers' files that matches. */
export function peerFolder(glob: string): string {
  const [found] = globSync(glob, { cwd: PEERS_ROOT });
  if (found === undefined) throw new Error(`the peers' packages have no ${glob}`);
  return join(PEERS_ROOT, found);
}
