import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { type Event, formatInstant, type SourceContext } from "@sluice/core";
import type { Observation } from "@sluice/sampling";
import type { HostFiles } from "../host-files.ts";
import { observe } from "../observe.ts";
import type { HostOptions } from "../options.ts";
import { humanBytes } from "../text/amounts.ts";
import { remoteCapacity } from "./capacity.ts";
import type { Collector } from "./collector.ts";
import { isRemote, mountOf, readMounts } from "./mounts.ts";

type DirectoryOptions = NonNullable<HostOptions["directories"]>[number];

interface Count {
  files: number;
  directories: number;
  bytes: number;
  /** Bytes on disk, as `du` counts them. */
  diskBytes: number;
  recent: number;
  newest: number;
  unreadable: number;
  isLimited: boolean;
}

/** How many files there are, their size, and how many changed lately. */
export class DirectoryCollector implements Collector {
  readonly datasets = ["system.directory"];
  readonly #files: HostFiles;
  readonly #directories: readonly DirectoryOptions[];
  /** Directories whose last count has not ended, e.g. because a server is gone in the middle of it. */
  readonly #open = new Set<string>();

  constructor(files: HostFiles, directories: readonly DirectoryOptions[]) {
    this.#files = files;
    this.#directories = directories;
  }

  async collect(ctx: SourceContext): Promise<Observation[]> {
    const seen: Observation[] = [];
    for (const directory of this.#directories) {
      if (ctx.stop.aborted) break;
      seen.push(await this.#look(directory, ctx));
    }
    return seen;
  }

  async #look(directory: DirectoryOptions, ctx: SourceContext): Promise<Observation> {
    const { path, timeout } = directory;
    if (this.#open.has(path)) return unanswered(path, "does not answer");
    try {
      await this.#askMount(path);
    } catch {
      return unanswered(path, "does not answer");
    }
    this.#open.add(path);
    const ending = new AbortController();
    const counting = countFiles(this.#files.onHost(path), directory, AbortSignal.any([ending.signal, ctx.stop]));
    const settled = counting.finally(() => this.#open.delete(path));
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    // Counting ends by itself at its timeout; what does not even then hangs in the kernel.
    const timers = [setTimeout(() => ending.abort(), timeout), setTimeout(() => resolve(undefined), timeout + 2000)];
    try {
      const count = await Promise.race([settled, late]);
      return count ? directorySeen(path, count) : unanswered(path, "does not answer");
    } catch (error) {
      return unanswered(path, (error as NodeJS.ErrnoException).code === "ENOENT" ? "does not exist" : "cannot be read");
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  }

  /** A directory on a filesystem whose server is gone would hang one of the few threads that files are read with. */
  async #askMount(path: string): Promise<void> {
    const mount = mountOf(path, readMounts(this.#files.ofNamespace("mountinfo")));
    if (mount && isRemote(mount)) await remoteCapacity(this.#files.onHost(mount.mountPoint));
  }
}

async function countFiles(root: string, { recent, max_files }: DirectoryOptions, end: AbortSignal): Promise<Count> {
  const count: Count = {
    files: 0,
    directories: 0,
    bytes: 0,
    diskBytes: 0,
    recent: 0,
    newest: 0,
    unreadable: 0,
    isLimited: false,
  };
  const since = Date.now() - recent;
  const { dev } = await lstat(root);
  const linked = new Set<number>();
  const pending = [root];
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    let entries: Awaited<ReturnType<typeof opendir>>;
    try {
      entries = await opendir(dir);
    } catch (error) {
      if (dir === root) throw error;
      count.unreadable++;
      continue;
    }
    for await (const entry of entries) {
      if (end.aborted || count.files + count.directories >= max_files) {
        count.isLimited = true;
        return count;
      }
      const path = join(dir, entry.name);
      const stat = await lstat(path).catch(() => undefined);
      if (!stat) continue;
      if (stat.isDirectory()) {
        count.directories++;
        // What is mounted below is another filesystem, and maybe one that hangs.
        if (stat.dev === dev) pending.push(path);
        continue;
      }
      if (!stat.isFile()) continue;
      count.files++;
      if (stat.mtimeMs >= since) count.recent++;
      count.newest = Math.max(count.newest, stat.mtimeMs);
      if (stat.nlink > 1 && linked.has(stat.ino)) continue;
      if (stat.nlink > 1) linked.add(stat.ino);
      count.bytes += stat.size;
      count.diskBytes += stat.blocks * 512;
    }
  }
  return count;
}

function directorySeen(path: string, count: Count): Observation {
  const { files, directories, bytes, diskBytes, recent, newest, unreadable, isLimited } = count;
  const fields: Event = {
    "file.directory": path,
    "system.directory.available": true,
    "system.directory.files": files,
    "system.directory.directories": directories,
    "system.directory.bytes": bytes,
    "system.directory.disk_bytes": diskBytes,
    "system.directory.recent_files": recent,
    "system.directory.unreadable": unreadable,
    "system.directory.limited": isLimited,
    ...(newest > 0 && { "system.directory.newest": formatInstant(Math.floor(newest)) }),
  };
  const limit = isLimited ? " (counting was cut short)" : "";
  const text = `${path}: ${files} files, ${humanBytes(diskBytes)}, ${recent} changed lately${limit}`;
  return observe("system.directory", path, text, fields);
}

function unanswered(path: string, why: string): Observation {
  return observe("system.directory", path, `${path} ${why}!`, {
    "file.directory": path,
    "system.directory.available": false,
    "error.message": why,
  });
}
