import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./process.ts";
import { until } from "./wait.ts";

const execute = promisify(execFile);
const BIN = path.join(ROOT, "packages/cli/bin");

/** `deploy/daemontools/sluice` as a service under Debian's real `svscan`, `supervise` and `multilog`. Needs root. */
export class DaemontoolsService implements AsyncDisposable {
  /** The user that sluice runs as: `nobody` where that one may read sluice. */
  readonly user: string;
  readonly #dir: string;
  #end: () => Promise<void> = async () => {};

  /** `dir` is an empty directory that the service's user can reach. */
  constructor(dir: string) {
    this.#dir = dir;
    const readable = spawnSync("setuidgid", ["nobody", path.join(BIN, "sluice"), "--version"]).status === 0;
    this.user = readable ? "nobody" : "root";
  }

  /**
   * Installs it with the commands of docs/from-daemontools.md, below its own directory and with settings for `env`, and
   * starts `svscan`.
   */
  async install(env: Record<string, string>): Promise<void> {
    await mkdir(path.join(this.#dir, "service"));
    const commands = await this.#commands();
    const link = commands.pop() as string;
    execFileSync("sh", ["-ec", commands.join("\n")], { cwd: ROOT });
    const settings = { ...env, SLUICE_USER: this.user, PATH: `${BIN}:${process.env["PATH"] ?? ""}` };
    const place = path.join(this.#dir, "etc/service/env");
    for (const [name, value] of Object.entries(settings)) await writeFile(path.join(place, name), `${value}\n`);
    execFileSync("sh", ["-ec", link]);
    await this.#scan();
  }

  async #commands(): Promise<string[]> {
    const guide = await readFile(path.join(ROOT, "docs/from-daemontools.md"), "utf8");
    const block = /### Under daemontools[\s\S]*?```sh\n([\s\S]*?)\n```/.exec(guide)?.[1] as string;
    const here = block
      .replaceAll("/etc/service", path.join(this.#dir, "service"))
      .replaceAll("/etc/sluice", path.join(this.#dir, "etc"))
      .replaceAll("-o sluice", `-o ${this.user}`);
    return here.split("\n");
  }

  /** Makes a directory that belongs to the service's user. */
  async makeOwned(dir: string): Promise<void> {
    await mkdir(dir);
    const id = (flag: string): number => Number(execFileSync("id", [flag, this.user], { encoding: "utf8" }));
    await chown(dir, id("-u"), id("-g"));
  }

  async #scan(): Promise<void> {
    // In a process namespace of its own, so that nothing of it outlives the test.
    const namespace = ["--pdeathsig", "KILL", "unshare", "--fork", "--pid", "--kill-child"];
    const svscan = spawn("setpriv", [...namespace, "svscan", path.join(this.#dir, "service")], { stdio: "ignore" });
    const ended = once(svscan, "exit");
    this.#end = async () => {
      const children = await readFile(`/proc/${svscan.pid}/task/${svscan.pid}/children`, "utf8");
      for (const pid of children.split(" ").filter(Boolean)) process.kill(Number(pid), "SIGKILL");
      await ended;
    };
    await until(() => this.status().then((status) => status.startsWith("up")), "supervise to start sluice");
  }

  /** `svc` with an option, for the service or its log. */
  async svc(option: string, part: "" | "log" = ""): Promise<void> {
    await execute("svc", [option, this.#service(part)]);
  }

  /** `svstat` without the directory: `up (pid 25) 3 seconds`. */
  async status(part: "" | "log" = ""): Promise<string> {
    const { stdout } = await execute("svstat", [this.#service(part)]);
    return stdout.slice(stdout.indexOf(": ") + 2).trim();
  }

  /** Sends a signal with `svc` and waits until supervise has started the service anew. */
  async restart(option: "-t" | "-k", part: "" | "log" = ""): Promise<void> {
    const pid = async () => /^up \(pid (\d+)\)/.exec(await this.status(part))?.[1];
    const before = await until(pid, "the service to be up");
    await this.svc(option, part);
    await until(async () => ![undefined, before].includes(await pid()), "supervise to start the service anew");
  }

  /** What multilog has written, without its time stamps; an error where a line has none. */
  async log(): Promise<string[]> {
    const dir = this.#service("log/main");
    const files = (await readdir(dir)).filter((name) => name === "current" || name.startsWith("@")).sort();
    const texts = await Promise.all(files.map((name) => readFile(path.join(dir, name), "utf8")));
    return texts
      .flatMap((text) => text.split("\n").filter(Boolean))
      .map((line) => {
        if (/^@[0-9a-f]{24} /.test(line)) return line.slice(26);
        throw new Error(`no TAI64N stamp: ${line}`);
      });
  }

  #service(part: string): string {
    return path.join(this.#dir, "service/sluice", part);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}
