import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomInt, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type ClusterPlace, clusterConfig, PORTS } from "./object-store-config.ts";
import { cephCommand, type ObjectStoreVersion, runCeph } from "./object-store-programs.ts";

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;

type DaemonName = "mon" | "osd" | "rgw";

/** A Ceph of one monitor, one OSD in memory, and one gateway. It ends with the process that started it. */
export class CephCluster {
  readonly version: ObjectStoreVersion;
  readonly place: ClusterPlace;
  readonly #daemons = new Map<DaemonName, ChildProcess>();
  readonly #guard: ChildProcess;

  private constructor(version: ObjectStoreVersion, place: ClusterPlace) {
    this.version = version;
    this.place = place;
    // Waits for the end of this process, however it comes, and removes the directory then.
    const cleanup = 'cat >/dev/null; sleep 1; rm -rf -- "$1"';
    this.#guard = spawn("sh", ["-c", cleanup, "sh", place.dir], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    this.#guard.unref();
  }

  /** Starts monitor and OSD; the gateway comes with `startGateway`, when its users are there. */
  static async start(
    version: ObjectStoreVersion,
    how: Pick<ClusterPlace, "capacity" | "tokens">,
  ): Promise<CephCluster> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-s3-"));
    const address = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
    const cluster = new CephCluster(version, { dir, address, fsid: randomUUID(), ...how });
    try {
      await cluster.#start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async #start(): Promise<void> {
    const { dir, address, fsid } = this.place;
    await Promise.all(["mon", "osd", "rgw"].map((name) => mkdir(join(dir, name))));
    await writeFile(this.#config, clusterConfig(this.place));
    const certificate = this.#makeCertificate();
    const monitor = `[v2:${address}:${PORTS.monitor},v1:${address}:${PORTS.monitorV1}]`;
    const map = join(dir, "monmap");
    await runCeph(this.version, "monmaptool", ["--create", "--fsid", fsid, "--addv", "a", monitor, map]);
    await this.run("ceph-mon", ["-i", "a", "--mkfs", "--monmap", map]);
    await this.#spawn("mon", "ceph-mon", ["-i", "a"]);
    const uuid = randomUUID();
    await this.run("ceph", ["--connect-timeout", "60", "osd", "new", uuid, "0"]);
    await this.run("ceph-osd", ["-i", "0", "--mkfs", "--osd-uuid", uuid]);
    await this.#spawn("osd", "ceph-osd", ["-i", "0"]);
    await certificate;
  }

  get #config(): string {
    return join(this.place.dir, "ceph.conf");
  }

  /** Certificate and key of the gateway, signed by itself. */
  async #makeCertificate(): Promise<void> {
    const { dir, address } = this.place;
    const out = ["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")];
    const names = `subjectAltName=DNS:localhost,IP:${address}`;
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=sluice test store"];
    await promisify(execFile)("openssl", [...args, "-addext", names, ...out]);
  }

  /** Runs one of Ceph's programs against this cluster and gives its output. */
  run(program: string, args: readonly string[]): Promise<string> {
    const identity = program === "radosgw-admin" ? ["-n", "client.rgw"] : [];
    return runCeph(this.version, program, ["-c", this.#config, ...identity, ...args]);
  }

  async #spawn(name: DaemonName, program: string, args: readonly string[]): Promise<void> {
    const [command, all] = cephCommand(this.version, program, ["-f", "-c", this.#config, ...args]);
    const log = await open(join(this.place.dir, `${name}.log`), "a");
    // The kernel ends it when this process dies; its own session keeps a Ctrl-C from ending it before the tests do.
    const daemon = spawn("setpriv", ["--pdeathsig", "KILL", command, ...all], {
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
    });
    this.#daemons.set(name, daemon);
    await once(daemon, "spawn");
    await log.close();
  }

  /** Starts the gateway and resolves when it answers. */
  async startGateway(): Promise<void> {
    await this.#spawn("rgw", "radosgw", ["-n", "client.rgw"]);
    const gateway = this.#daemons.get("rgw") as ChildProcess;
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await isListening(this.place.address, PORTS.http))) {
      if (Date.now() < deadline && gateway.exitCode === null) await sleep(50);
      else throw new Error(`radosgw did not start: ${await readFile(join(this.place.dir, "rgw.log"), "utf8")}`);
    }
  }

  /** Stops the gateway as a debugger would; resolves when none of its threads runs any more. */
  async stopGateway(): Promise<void> {
    const { pid } = this.#daemons.get("rgw") as ChildProcess;
    process.kill(pid as number, "SIGSTOP");
    while (!(await isStopped(pid as number))) await sleep(5);
  }

  /** Lets the gateway go on after `stopGateway`. */
  continueGateway(): void {
    this.#daemons.get("rgw")?.kill("SIGCONT");
  }

  /** Kills the gateway and resolves when it is gone; what it has acknowledged is in the OSD. */
  killGateway(): Promise<void> {
    return this.#end("rgw", "SIGKILL");
  }

  async #end(name: DaemonName, signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemons.get(name);
    this.#daemons.delete(name);
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const gone = once(daemon, "exit");
    daemon.kill(signal);
    const timer = setTimeout(() => daemon.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  }

  /** Ends everything and removes its directory. Nothing is worth keeping, so nobody is asked politely. */
  async stop(): Promise<void> {
    await Promise.all((["rgw", "osd", "mon"] as const).map((name) => this.#end(name, "SIGKILL")));
    await rm(this.place.dir, { recursive: true, force: true });
    this.#guard.stdin?.end();
  }
}

async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(threads.map((id) => readFile(`/proc/${pid}/task/${id}/stat`, "utf8")));
  return states.every((stat) => stat.slice(stat.lastIndexOf(")") + 2).startsWith("T"));
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
