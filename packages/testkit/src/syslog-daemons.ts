import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

// Debian's rsyslog and syslog-ng exclude each other as packages, so both are unpacked beside the system, with the
// libraries that a small Debian lacks. Nothing is installed.
const PACKAGES = (
  "rsyslog rsyslog-gnutls libestr0 libfastjson4 liblognorm5 " +
  "syslog-ng-core libivykis0 libjson-c5 libnet1 libpcre3 libwrap0 libnsl2 libtirpc3"
).split(" ");
const ROOT = process.env["SLUICE_SYSLOG_ROOT"] ?? "/var/cache/sluice-testkit/syslog";

/**
 * Makes sure that real rsyslog and syslog-ng are there, from Debian's archive. False, with the reason printed, when they
 * cannot be had; an error instead when `CI` is set.
 */
export function requireSyslogDaemons(): boolean {
  try {
    if (!existsSync(ROOT)) unpack();
    return true;
  } catch (error) {
    const reason = `needs rsyslog and syslog-ng in ${ROOT}, out of Debian's archive: ${(error as Error).message}`;
    if (process.env["CI"]) throw new Error(reason, { cause: error });
    console.warn(`left out: ${reason}`);
    return false;
  }
}

function unpack(): void {
  mkdirSync(dirname(ROOT), { recursive: true });
  const work = mkdtempSync(`${ROOT}-`);
  const debs = join(work, "debs");
  const root = join(work, "root");
  for (const dir of [debs, root]) mkdirSync(dir);
  const download = (): void => {
    execFileSync("apt-get", ["download", ...PACKAGES], { cwd: debs, stdio: ["ignore", "ignore", "pipe"] });
  };
  try {
    download();
  } catch {
    execFileSync("apt-get", ["-o", "DPkg::Lock::Timeout=300", "update"], { stdio: "ignore" });
    download();
  }
  for (const deb of globSync("*.deb", { cwd: debs })) execFileSync("dpkg-deb", ["-x", join(debs, deb), root]);
  // Another test may have been faster.
  if (!existsSync(ROOT)) renameSync(root, ROOT);
  rmSync(work, { recursive: true, force: true });
}

function folder(glob: string): string {
  const [found] = globSync(glob, { cwd: ROOT });
  if (found === undefined) throw new Error(`Debian's packages have no ${glob}`);
  return join(ROOT, found);
}

function environment(): NodeJS.ProcessEnv {
  const libraries = [...globSync("{,usr/}lib/*-linux-gnu", { cwd: ROOT }), "usr/lib/syslog-ng"];
  return { ...process.env, LD_LIBRARY_PATH: libraries.map((library) => join(ROOT, library)).join(":") };
}

/** A syslog daemon at work. It is killed when the test process ends. */
class SyslogDaemon {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #said = "";

  protected constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
    this.#ended = once(this.#child, "exit");
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#said += text));
    }
    process.once("exit", () => this.#child.kill("SIGKILL"));
  }

  /** What it has printed. */
  get said(): string {
    return this.#said;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGTERM");
    const patience = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await this.#ended;
    clearTimeout(patience);
  }
}

/** Debian's rsyslog, with a directory and a configuration of its own. */
export class Rsyslog extends SyslogDaemon {
  /** @param config in RainerScript */
  static start(dir: string, config: string): Rsyslog {
    writeFileSync(join(dir, "rsyslog.conf"), `global(workDirectory="${dir}")\n${config}\n`);
    const place = ["-M", folder("usr/lib/*/rsyslog"), "-i", join(dir, "rsyslog.pid")];
    return new Rsyslog(join(ROOT, "usr/sbin/rsyslogd"), ["-n", ...place, "-f", join(dir, "rsyslog.conf")]);
  }
}

/** Debian's syslog-ng, with a directory and a configuration of its own. */
export class SyslogNg extends SyslogDaemon {
  /** @param config without the version */
  static start(dir: string, config: string): SyslogNg {
    writeFileSync(join(dir, "syslog-ng.conf"), `@version: 3.38\n${config}\n`);
    const place = ["--module-path", folder("usr/lib/syslog-ng/*.*/"), "-f", join(dir, "syslog-ng.conf")];
    const state = ["-R", join(dir, "persist"), "-p", join(dir, "pid"), "-c", join(dir, "control")];
    return new SyslogNg(join(ROOT, "usr/sbin/syslog-ng"), ["-F", "-e", "--no-caps", ...place, ...state]);
  }
}
