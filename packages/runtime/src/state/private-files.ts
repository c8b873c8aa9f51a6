import { chmodSync, closeSync, existsSync, fchmodSync, lstatSync, mkdirSync, openSync } from "node:fs";
import { SluiceError } from "@sluice/core";

// Modes are set after creation, because the umask is taken off the one given to open and mkdir.

/** Creates a directory (and its parents) with mode 0750; one that exists keeps its mode. */
export function makePrivateDir(dir: string): void {
  if (existsSync(dir)) return;
  mkdirSync(dir, { recursive: true, mode: 0o750 });
  chmodSync(dir, 0o750);
}

/**
 * Creates an empty file with mode 0640 unless it exists; SQLite gives its `-wal` and `-shm` files the same mode. Throws
 * SLUICE_STATE where a symbolic link is.
 */
export function makePrivateFile(path: string): void {
  refuseLink(path);
  if (existsSync(path)) return;
  const fd = openSync(path, "a", 0o640);
  fchmodSync(fd, 0o640);
  closeSync(fd);
}

/** Whoever can put a link here could have sluice, as another user, write to a file of that user. Throws SLUICE_STATE. */
export function refuseLink(path: string): void {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const hint = "remove it, and see who may write to the state directory";
  throw new SluiceError("SLUICE_STATE", `${path} is a symbolic link; sluice does not follow it`, { hint });
}
