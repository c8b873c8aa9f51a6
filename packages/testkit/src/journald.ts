import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { requireDebian } from "./debian.ts";

const run = promisify(execFile);
const DAEMON = "/lib/systemd/systemd-journald";
const START_MS = 60_000;

/** `/run` and the journal are the test's; a boot id of the test's own lets one test see several boots. */
const INNER = `
mount --make-rprivate / && mount --bind "$1/run" /run && mkdir -p /var/log/journal && mount --bind "$1/log" /var/log/journal
printf '%s\\n' "$2" > /run/boot-id && mount --bind /run/boot-id /proc/sys/kernel/random/boot_id
exec ${DAEMON}
`;

const CONFIGURATION = `[Journal]
Storage=persistent
RateLimitIntervalSec=0
ReadKMsg=no
Audit=no
ForwardToSyslog=no
ForwardToWall=no
SystemMaxFileSize=1M
`;

/** Whether a real journald can be started: needs root for the mounts of its namespace. */
export function canRunJournald(): boolean {
  if (!requireDebian(["systemd:journalctl", "mount:mount", "util-linux:nsenter", "bsdutils:logger"])) return false;
  if (process.getuid?.() === 0 && existsSync(DAEMON)) return true;
  if (process.env["CI"]) throw new Error(`needs root and ${DAEMON}`);
  console.warn("left out: journald needs root");
  return false;
}

/** A real systemd-journald in a mount namespace of its own. */
export class Journald {
  readonly dir: string;
  readonly #child: ChildProcess;

  private constructor(dir: string, child: ChildProcess) {
    this.dir = dir;
    this.#child = child;
  }

  /** Starts it with its files in `dir`. Sockets lie there, so its path must be short. */
  static async start(dir: string, boot = 1): Promise<Journald> {
    await rm(path.join(dir, "run"), { recursive: true, force: true });
    const config = path.join(dir, "run/systemd/journald.conf.d");
    for (const each of [config, path.join(dir, "run/systemd/journal"), path.join(dir, "log")]) {
      await mkdir(each, { recursive: true });
    }
    await writeFile(path.join(config, "test.conf"), CONFIGURATION);
    // Says that the persistent journal may be written, which systemd does at boot.
    await writeFile(path.join(dir, "run/systemd/journal/flushed"), "");
    const bootId = `00000000-0000-4000-8000-${String(boot).padStart(12, "0")}`;
    const child = spawn("unshare", ["-m", "sh", "-c", INNER, "journald", dir, bootId], { stdio: "ignore" });
    const journald = new Journald(dir, child);
    await journald.#ready();
    return journald;
  }

  /** Directory of the journal's files. */
  get files(): string {
    return path.join(this.dir, "log");
  }

  /** Logs as a program does that uses syslog(3). */
  async syslog(identifier: string, message: string, priority = "auth.info", pid = 77): Promise<void> {
    const socket = path.join(this.dir, "run/systemd/journal/dev-log");
    await run("logger", ["--socket", socket, "-t", identifier, "-p", priority, `--id=${pid}`, "--", message]);
  }

  /** Logs each line of a text as the output of a service. */
  async lines(identifier: string, text: string | Buffer): Promise<void> {
    const child = this.#inside(["systemd-cat", "-t", identifier, "cat"], "pipe");
    child.stdin?.end(text);
    const [code] = (await once(child, "close")) as [number];
    if (code !== 0) throw new Error(`systemd-cat ended with ${code}`);
  }

  /** Closes the files that are written, and begins new ones. */
  async rotate(): Promise<void> {
    const before = this.#archived();
    this.#child.kill("SIGUSR2");
    await until(() => this.#archived() > before);
  }

  /** Removes all files that were rotated away. */
  async vacuum(): Promise<void> {
    const machine = (await readdir(this.files)).map((name) => path.join(this.files, name));
    for (const directory of machine) await run("journalctl", [`--directory=${directory}`, "--vacuum-size=1"]);
    if (this.#archived() > 0) throw new Error("nothing was vacuumed");
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }

  #archived(): number {
    return globSync(`${this.files}/*/*@*.journal`).length;
  }

  #inside(command: readonly string[], stdin: "pipe" | "ignore"): ChildProcess {
    return spawn("nsenter", [`--target=${this.#child.pid}`, "--mount", ...command], {
      stdio: [stdin, "ignore", "ignore"],
    });
  }

  async #ready(): Promise<void> {
    const socket = path.join(this.dir, "run/systemd/journal/dev-log");
    await until(() => {
      if (this.#child.exitCode !== null) throw new Error(`journald ended with ${this.#child.exitCode}`);
      return existsSync(socket) && globSync(`${this.files}/*/system.journal`).length > 0;
    });
  }
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + START_MS;
  while (!holds()) {
    if (performance.now() > end) throw new Error("journald did not do it in time");
    await sleep(20);
  }
}
