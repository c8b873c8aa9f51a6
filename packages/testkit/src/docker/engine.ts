import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type DockerVersion, dockerRoot } from "./programs.ts";

const START_TIMEOUT_MS = 120_000;
const execute = promisify(execFile);

export interface DockerOptions {
  /** 20.10 when not given. `requireDocker` of the same version comes first. */
  readonly version?: DockerVersion;
  /**
   * `none` (default): its containers have no network, or the test process' one with `--network host`. `private`: the
   * engine has a network of its own, in which bridges and names work, and which nothing outside reaches.
   */
  readonly network?: "none" | "private";
  /** More of its daemon.json, e.g. `{"live-restore": true}`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Another address that it listens at beside its socket, e.g. `tcp://127.0.0.1:2376`; see `dockerTls`. */
  readonly listen?: string;
}

/**
 * A real Docker Engine in namespaces of its own, with the image `busybox:local`. Several can run at once. Whoever starts
 * it stops it, else it ends with the test process.
 */
export class DockerEngine implements AsyncDisposable {
  readonly version: DockerVersion;
  /** Its state, and the socket; removed by `stop`. */
  readonly dir: string;
  readonly socket: string;
  /** For other programs: DOCKER_HOST, DOCKER_CONFIG, and a PATH with this version's `docker` and its plugins. */
  readonly env: Readonly<Record<string, string>>;
  readonly #id = `sluice-${randomUUID().slice(0, 8)}`;
  readonly #options: DockerOptions;
  #process: ChildProcess | null = null;

  private constructor(dir: string, options: DockerOptions) {
    this.version = options.version ?? "20.10";
    this.dir = dir;
    this.socket = join(dir, "docker.sock");
    this.#options = options;
    const root = dockerRoot(this.version);
    const path = `${root}/usr/sbin:${root}/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    this.env = { PATH: path, HOME: dir, DOCKER_HOST: `unix://${this.socket}`, DOCKER_CONFIG: join(dir, "config") };
  }

  /** Starts one; takes about two seconds. */
  static async start(options: DockerOptions = {}): Promise<DockerEngine> {
    const engine = new DockerEngine(await mkdtemp(join(tmpdir(), "sluice-docker-")), options);
    try {
      await engine.#prepare();
      engine.#process = engine.#enter();
      await engine.startDaemon();
      await engine.image("busybox:local");
      return engine;
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  async #prepare(): Promise<void> {
    const { dir, version } = this;
    const plugins = join(dir, "config", "cli-plugins");
    await Promise.all(["data", "exec", "tmp"].map((name) => mkdir(join(dir, name))));
    await mkdir(plugins, { recursive: true });
    await writeFile(join(dir, "daemon.json"), JSON.stringify(this.#options.config ?? {}));
    const from = join(dockerRoot(version), "usr/libexec/docker/cli-plugins");
    const names = await readdir(from).catch(() => []);
    await Promise.all(names.map((name) => symlink(join(from, name), join(plugins, name))));
  }

  /** The process that holds the namespaces and obeys: see engine.sh. */
  #enter(): ChildProcess {
    const network = this.#options.network ?? "none";
    const spaces = ["--mount", "--pid", "--cgroup", "--fork", "--kill-child=KILL"];
    if (network === "private") spaces.push("--net");
    const variables = {
      ENGINE_DIR: this.dir,
      ENGINE_ID: this.#id,
      ENGINE_NETWORK: network,
      ENGINE_LISTEN: this.#options.listen ?? "",
    };
    return spawn("unshare", [...spaces, "bash", join(import.meta.dirname, "engine.sh")], {
      env: { ...this.env, ...variables },
      stdio: ["pipe", "pipe", "inherit"],
      detached: true,
    });
  }

  /** Starts dockerd, and resolves when it answers. */
  async startDaemon(): Promise<void> {
    this.#process?.stdin?.write("start\n");
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await this.#answers())) {
      if (Date.now() < deadline && this.#process?.exitCode === null) await sleep(50);
      else throw new Error(`dockerd did not start: ${await this.log()}`);
    }
  }

  /**
   * Ends dockerd: TERM ends the containers too, unless `live-restore` is set; after KILL they go on, and dockerd takes
   * them up again, or ends them, when it starts.
   */
  async stopDaemon(signal: "TERM" | "KILL" = "TERM"): Promise<void> {
    const { stdin, stdout } = this.#process as ChildProcess;
    const ended = once(createInterface({ input: stdout as NonNullable<typeof stdout> }), "line");
    stdin?.write(`${signal.toLowerCase()}\n`);
    await ended;
  }

  /** What dockerd logged. */
  async log(): Promise<string> {
    return readFile(join(this.dir, "dockerd.log"), "utf8").catch(() => "");
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const sent = request({ socketPath: this.socket, path: "/_ping" }, (response) => {
        response.resume().once("end", () => resolve(response.statusCode === 200));
      });
      sent.once("error", () => resolve(false)).end();
    });
  }

  /** Runs `docker` with these arguments and gives what it prints, without the last line end. */
  async docker(...args: readonly string[]): Promise<string> {
    const { stdout } = await execute("docker", args, { env: this.env, maxBuffer: 1 << 28, timeout: 300_000 });
    return stdout.replace(/\n$/, "");
  }

  /** Starts a container that runs a shell script, and gives its id. `options` are those of `docker run`. */
  async run(script: string, ...options: readonly string[]): Promise<string> {
    return this.docker("run", "-d", "--network", "none", ...options, "busybox:local", "sh", "-c", script);
  }

  /**
   * Makes an image with busybox, and with a `node` and its libraries where a path to one is given. Tags such as
   * `node:26-slim` let an ordinary `FROM` find it.
   */
  async image(tag: string, options: { readonly node?: string; readonly tags?: readonly string[] } = {}): Promise<void> {
    const busybox = join(dockerRoot(this.version), "usr/bin/busybox");
    const script = join(import.meta.dirname, "images.sh");
    await execute("bash", [script, busybox, options.node ?? "", tag, ...(options.tags ?? [])], { env: this.env });
  }

  /** Ends it with all its containers, and removes what it left. */
  async stop(): Promise<void> {
    const holder = this.#process;
    if (holder && holder.exitCode === null && holder.signalCode === null) {
      const gone = once(holder, "exit");
      holder.stdin?.end();
      await gone;
    }
    await removeCgroups(this.#id);
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Removes the empty groups that containers left; those of a process still ending stay. */
async function removeCgroups(id: string): Promise<void> {
  const all = await readdir("/sys/fs/cgroup", { recursive: true, withFileTypes: true }).catch(() => []);
  const ours = all.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  for (const dir of ours.filter((path) => path.includes(`/${id}`)).toReversed()) await rmdir(dir).catch(() => {});
}
