import { execFile, spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram, requireDebian } from "./debian.ts";

/** Versions of Ceph: that of Debian 12, and the newest that Debian has, in a Debian of its own. */
export type ObjectStoreVersion = "16.2" | "20.2";

/** The versions to test with: the newer one, which takes longer to install, only in `npm run test:long`. */
export const OBJECT_STORE_VERSIONS: readonly ObjectStoreVersion[] = process.env["SLUICE_LONG_TESTS"]
  ? ["16.2", "20.2"]
  : ["16.2"];

const execute = promisify(execFile);
const CLIENT = ["s3cmd", "openssl"];
const SERVER = ["radosgw", "ceph-mon", "ceph-osd", "ceph-common:radosgw-admin"];
const CHROOT = process.env["SLUICE_CEPH_CHROOT"] ?? "/var/cache/sluice-testkit/ceph-20.2";

/**
 * Makes sure that a version of the object store can be started here, and installs it where it can: for 20.2 that is
 * a Debian sid of 800 MB in `SLUICE_CEPH_CHROOT`, as root only. As with `requireDebian`, false means "left out".
 */
export function requireObjectStore(version: ObjectStoreVersion = "16.2"): boolean {
  if (version === "16.2") return requireDebian([...CLIENT, ...SERVER]);
  if (!requireDebian([...CLIENT, "debootstrap"])) return false;
  if (process.getuid?.() === 0 && installChroot()) return true;
  const reason = `Ceph ${version} needs root and Debian's archive, to fill ${CHROOT}`;
  if (process.env["CI"]) throw new Error(reason);
  console.warn(`left out: ${reason}`);
  return false;
}

function installChroot(): boolean {
  const script = join(import.meta.dirname, "object-store-chroot.sh");
  const { status } = spawnSync("bash", [script, CHROOT], { stdio: ["ignore", "inherit", "inherit"] });
  return status === 0;
}

/** The command that runs one of Ceph's programs, with the same paths below the temporary directory in either version. */
export function cephCommand(version: ObjectStoreVersion, program: string, args: readonly string[]): [string, string[]] {
  if (version === "16.2") return [findProgram(program) ?? program, [...args]];
  // In a mount namespace of its own: the mounts go when the process goes, however it ends.
  const enter = `mkdir -p "$R$T" && mount --bind "$T" "$R$T" && mount -t proc proc "$R/proc" && exec chroot "$R" "$@"`;
  const shell = `R=${CHROOT} T=${tmpdir()} PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH; unset LD_LIBRARY_PATH; ${enter}`;
  return ["unshare", ["--mount", "sh", "-c", shell, "sh", program, ...args]];
}

/** How often a program is run that crashes. */
const ATTEMPTS = 3;

/**
 * Runs one of Ceph's programs to its end and gives its output; an error holds what it said. A program that crashed is
 * run again: radosgw-admin 18 now and then aborts while it ends (`free(): corrupted unsorted chunks`, after
 * `RGWWatcher::handle_error`), with its work done or not.
 */
export async function runCeph(version: ObjectStoreVersion, program: string, args: readonly string[]): Promise<string> {
  const [command, all] = cephCommand(version, program, args);
  for (let attempt = 1; ; attempt++) {
    try {
      const { stdout } = await execute(command, all, { timeout: 120_000, maxBuffer: 64 * 1024 * 1024 });
      return stdout;
    } catch (error) {
      if (attempt === ATTEMPTS || !/\*\*\* Caught signal/.test(String(error))) throw error;
    }
  }
}
