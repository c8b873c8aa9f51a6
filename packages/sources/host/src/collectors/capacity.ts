import { execFile } from "node:child_process";
import { statfs } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const PATIENCE_MS = 5000;

/** Sizes in bytes, files in inodes. */
export interface Capacity {
  readonly total: number;
  readonly free: number;
  /** What is left for those who are not root. */
  readonly available: number;
  readonly files: number;
  readonly freeFiles: number;
}

/** Asks a local filesystem. */
export async function localCapacity(path: string): Promise<Capacity> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
  return { total: bsize * blocks, free: bsize * bfree, available: bsize * bavail, files, freeFiles: ffree };
}

/** Paths whose last question has not been answered: one more would only hang as well. */
const unanswered = new Set<string>();

/**
 * Asks a filesystem whose server may be gone through a process of its own: the question can hang for ever, and sluice has
 * only few threads for such waits.
 * @throws when there is no answer in five seconds
 */
export async function remoteCapacity(path: string): Promise<Capacity> {
  if (unanswered.has(path)) throw new Error(`${path} does not answer`);
  unanswered.add(path);
  const asked = run("stat", ["-f", "-c", "%S %b %f %a %c %d", "--", path], { env: { ...process.env, LC_ALL: "C" } });
  asked.then(
    () => unanswered.delete(path),
    () => unanswered.delete(path),
  );
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    asked.child.kill("SIGKILL");
    reject(new Error(`${path} does not answer`));
  }, PATIENCE_MS);
  try {
    const [size = 0, blocks = 0, free = 0, available = 0, files = 0, freeFiles = 0] = (
      await Promise.race([asked, late])
    ).stdout
      .trim()
      .split(" ")
      .map(Number);
    return { total: size * blocks, free: size * free, available: size * available, files, freeFiles };
  } finally {
    clearTimeout(timer);
  }
}
