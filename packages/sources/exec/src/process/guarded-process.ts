import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { SluiceError } from "@sluice/core";

/**
 * Leads a process group, and runs the command in it. A watcher waits for the end of file descriptor 3, which comes when
 * sluice is gone, also after `kill -9`: it asks the group to end, and two seconds later it ends what is left. The shell
 * stays the parent of both, so that nothing is left unreaped where sluice is process 1 of a container.
 */
const GUARD = `
trap 'gone=1' HUP
trap : TERM
( trap '' TERM; read -r _ <&3; kill -HUP $$; kill -TERM 0; sleep 2; kill -KILL 0 ) </dev/null >/dev/null 2>&1 &
watcher=$!
gone=
exec 3<&- 4>&2 2>/dev/null
( exec 2>&4 4>&-; exec "$@" )
code=$?
while [ -n "$gone" ] && kill -0 "$watcher"; do wait "$watcher"; done
kill -KILL "$watcher"
wait "$watcher"
exit "$code"
`;

/** Milliseconds that a group has to end itself before it is killed. */
const GRACE_MS = 500;

/** What is run, and how. */
export interface CommandSpec {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly cwd?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** A command in a process group of its own, which ends with sluice, however that ends. */
export class GuardedProcess {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves with the exit code (128 + n after signal n) once the command has ended and nobody writes any more. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.stdout = child.stdout as Readable;
    this.stderr = child.stderr as Readable;
    child.stdio[3]?.on("error", () => {});
    this.ended = this.#untilOver();
  }

  /** Starts it. Rejects when there is no shell, no such directory or no process to be had. */
  static async start({ command, cwd, env }: CommandSpec): Promise<GuardedProcess> {
    const child = spawn("/bin/sh", ["-c", GUARD, "sluice", ...command], {
      cwd,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    try {
      await once(child, "spawn");
    } catch (error) {
      const where = cwd === undefined ? "" : ` in ${cwd}`;
      throw new SluiceError("SLUICE_SOURCE", `cannot start ${command[0]}${where}: ${(error as Error).message}`, {
        hint: "check that the directory exists and that /bin/sh is there",
      });
    }
    return new GuardedProcess(child);
  }

  /** Asks the group to end, and kills it when it has not done so soon. */
  end(): void {
    if (this.#over || this.#timer) return;
    this.#signal("SIGTERM");
    this.#timer = setTimeout(() => this.#signal("SIGKILL"), GRACE_MS);
  }

  /** Kills the group, and reads no more of it. */
  kill(): void {
    if (this.#over) return;
    this.#signal("SIGKILL");
    this.stdout.destroy();
    this.stderr.destroy();
  }

  async #untilOver(): Promise<number> {
    const reading = [this.stdout, this.stderr].map((stream) => finished(stream, { writable: false }).catch(() => {}));
    const [code, signal] = (await once(this.#child, "exit")) as [number | null, NodeJS.Signals | null];
    // What the command has left running still holds its output: it ends with the command.
    const leftover = setTimeout(() => this.end(), GRACE_MS);
    await Promise.all(reading);
    clearTimeout(leftover);
    clearTimeout(this.#timer);
    this.#signal("SIGKILL");
    this.#over = true;
    this.#child.stdio[3]?.destroy();
    return code ?? (signal === "SIGKILL" ? 137 : 143);
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    try {
      if (pid !== undefined && !this.#over) process.kill(-pid, signal);
    } catch {
      // Nothing of the group is left.
    }
  }
}
