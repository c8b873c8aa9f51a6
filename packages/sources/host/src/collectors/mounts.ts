/** One line of mountinfo (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly device: string;
  readonly type: string;
  readonly mountPoint: string;
  /** What of the filesystem is mounted here; not `/` for a bind mount of a part. */
  readonly root: string;
  /** `major:minor`. */
  readonly id: string;
  readonly isReadOnly: boolean;
}

/** Types that hold nothing, as gnulib's mountlist.c knows them. */
const DUMMIES = new Set(
  "autofs proc subfs debugfs devpts fusectl fuse.portal mqueue rpc_pipefs sysfs devfs kernfs ignore none".split(" "),
);
/** Types whose server may be gone, so that asking can hang. */
const REMOTE =
  /^(?:nfs\d?|cifs|smb3|smbfs|ncpfs|afs|ceph|coda|fhgfs|gpfs|glusterfs|lustre|9p|fuse\..*|fuse|autofs|davfs|orangefs)$/;

/** Reads /proc/PID/mountinfo. */
export function readMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split("\n")) {
    const [before = "", after] = line.split(" - ");
    const [, , id, root, mountPoint, options] = before.split(" ");
    const [type, device] = (after ?? "").split(" ");
    if (!id || !mountPoint || !type || device === undefined) continue;
    mounts.push({
      id,
      type,
      device: unescaped(device),
      mountPoint: unescaped(mountPoint),
      root: unescaped(root ?? "/"),
      isReadOnly: (options ?? "").split(",").includes("ro"),
    });
  }
  return mounts;
}

/** Spaces, tabs, line ends and backslashes are written in octal. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export function isRemote({ type, device }: Mount): boolean {
  return REMOTE.test(type) || (device.includes(":") && type !== "zfs") || device.startsWith("//");
}

/**
 * The mounts that `df` shows when it is given none (filter_mount_list in coreutils' df.c): none that hold nothing, and each
 * device once, where its mount point is nearest the root.
 */
export function shownByDf(mounts: readonly Mount[]): Mount[] {
  const byDevice = new Map<string, Mount>();
  const separate: Mount[] = [];
  const atPoint = new Map<string, Mount>();
  for (const mount of mounts) atPoint.set(mount.mountPoint, mount);
  for (const mount of mounts) {
    if (DUMMIES.has(mount.type)) continue;
    // Of what is mounted over, only the uppermost can be asked.
    const { id } = atPoint.get(mount.mountPoint) as Mount;
    const seen = byDevice.get(id);
    if (!seen) byDevice.set(id, mount);
    else if (isRemote(mount) && isRemote(seen) && mount.device !== seen.device) separate.push(mount);
    else if (wins(mount, seen)) byDevice.set(id, mount);
  }
  const shown = new Set([...byDevice.values(), ...separate]);
  return mounts.filter((mount) => shown.has(mount));
}

function wins(mount: Mount, seen: Mount): boolean {
  if (mount.device.includes("/") && !seen.device.includes("/")) return true;
  if (mount.device !== seen.device && mount.mountPoint === seen.mountPoint) return true;
  const isNearer = seen.mountPoint.length > mount.mountPoint.length;
  const isDeeperPart = seen.root.length < mount.root.length;
  return isNearer && !isDeeperPart;
}

/** The mount that a path lies in. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const { mountPoint } = mount;
    const isInside = mountPoint === "/" || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (isInside && mountPoint.length >= (best?.mountPoint.length ?? 0)) best = mount;
  }
  return best;
}
