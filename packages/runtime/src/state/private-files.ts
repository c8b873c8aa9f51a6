import { chmodSync, closeSync, existsSync, fchmodSync, mkdirSync, openSync } from "node:fs";

// Modes are set after creation, because the umask is taken off the one given to open and mkdir.

/** Creates a directory (and its parents) with mode 0750; one that exists keeps its mode. */
export function makePrivateDir(dir: string): void {
  if (existsSync(dir)) return;
  mkdirSync(dir, { recursive: true, mode: 0o750 });
  chmodSync(dir, 0o750);
}

/** Creates an empty file with mode 0640 unless it exists; SQLite gives its `-wal` and `-shm` files the same mode. */
export function makePrivateFile(path: string): void {
  if (existsSync(path)) return;
  const fd = openSync(path, "a", 0o640);
  fchmodSync(fd, 0o640);
  closeSync(fd);
}
