import type { Event, SourceContext } from "@sluice/core";
import { errorText } from "@sluice/core";
import type { Observation } from "@sluice/sampling";
import type { HostFiles } from "../host-files.ts";
import { observe } from "../observe.ts";
import { humanBytes } from "../text/amounts.ts";
import { type Capacity, localCapacity, remoteCapacity } from "./capacity.ts";
import type { Collector } from "./collector.ts";
import { isRemote, type Mount, readMounts, shownByDf } from "./mounts.ts";

/** The filesystems that `df` shows, with their inodes. */
export class FilesystemCollector implements Collector {
  readonly datasets = ["system.filesystem"];
  readonly #files: HostFiles;
  readonly #excluded: ReadonlySet<string>;
  readonly #silent = new Set<string>();

  constructor(files: HostFiles, excluded: readonly string[]) {
    this.#files = files;
    this.#excluded = new Set(excluded);
  }

  async collect(ctx: SourceContext): Promise<Observation[]> {
    const mounts = shownByDf(readMounts(this.#files.ofNamespace("mountinfo")));
    const wanted = mounts.filter(({ type }) => !this.#excluded.has(type));
    const seen = await Promise.all(wanted.map((mount) => this.#look(mount, ctx)));
    return seen.filter((one) => one !== undefined);
  }

  async #look(mount: Mount, ctx: SourceContext): Promise<Observation | undefined> {
    const path = this.#files.onHost(mount.mountPoint);
    try {
      const capacity = await (isRemote(mount) ? remoteCapacity(path) : localCapacity(path));
      this.#silent.delete(mount.mountPoint);
      return capacity.total > 0 ? filesystemSeen(mount, capacity) : undefined;
    } catch (error) {
      // Said once: a mount that nobody may look at, or whose server is gone, stays so for long.
      if (!this.#silent.has(mount.mountPoint)) {
        ctx.log.warn(
          { mount: mount.mountPoint, type: mount.type, error: errorText(error) },
          "a filesystem cannot be asked",
        );
      }
      this.#silent.add(mount.mountPoint);
      return undefined;
    }
  }
}

function filesystemSeen(mount: Mount, { total, free, available, files, freeFiles }: Capacity): Observation {
  const { device, type, mountPoint, isReadOnly } = mount;
  const used = total - free;
  const usedShare = shareUsed(used, available);
  const fields: Event = {
    "system.filesystem.device_name": device,
    "system.filesystem.type": type,
    "system.filesystem.mount_point": mountPoint,
    "system.filesystem.read_only": isReadOnly,
    "system.filesystem.total": total,
    "system.filesystem.free": free,
    "system.filesystem.available": available,
    "system.filesystem.used.bytes": used,
    "system.filesystem.used.pct": usedShare,
    "system.filesystem.files": files,
    "system.filesystem.free_files": freeFiles,
    "system.filesystem.used_files": files - freeFiles,
    ...(files > 0 && { "system.filesystem.used_files.pct": shareUsed(files - freeFiles, freeFiles) }),
  };
  const sizes = [total, used, available].map((bytes) => humanBytes(bytes).padStart(5)).join(" ");
  // As df does it: rounded up, and before anything else is rounded.
  const percent = `${used + available > 0 ? Math.ceil((used * 100) / (used + available)) : 0}%`.padStart(4);
  return observe("system.filesystem", mountPoint, `${device.padEnd(15)} ${sizes} ${percent} ${mountPoint}`, fields);
}

/** As `df` counts: what root keeps for itself is neither used nor there. */
function shareUsed(used: number, available: number): number {
  return used + available > 0 ? Math.round((used / (used + available)) * 10_000) / 10_000 : 0;
}
