import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "./debian.ts";

const PORTS = { client: 4222, route: 6222, monitor: 8222 } as const;
const START_TIMEOUT_MS = 60_000;

export interface NatsOptions {
  /** Servers of the cluster; 1 for a single one. */
  readonly servers?: number;
  /** Further lines of each server's configuration, e.g. `authorization { token: x }`. */
  readonly config?: string;
}

/** What JetStream has of one stream, as its servers tell. */
export interface NatsStreamState {
  readonly messages: number;
  readonly consumers: readonly { readonly name: string; readonly pending: number; readonly unacknowledged: number }[];
}

/** Real NATS servers with JetStream on addresses of the loopback network that are their own; needs Debian's nats-server. */
export class Nats implements AsyncDisposable {
  readonly #dir: string;
  readonly #net: string;
  readonly #config: string;
  readonly #servers: (ChildProcess | undefined)[] = [];
  readonly #size: number;

  private constructor(dir: string, { servers = 1, config = "" }: NatsOptions) {
    this.#dir = dir;
    this.#net = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`;
    this.#config = config;
    this.#size = servers;
  }

  /** Starts them, and resolves when they take messages. Whoever starts them stops them. */
  static async start(options: NatsOptions = {}): Promise<Nats> {
    const nats = new Nats(await mkdtemp(join(tmpdir(), "sluice-nats-")), options);
    try {
      for (let server = 0; server < nats.#size; server++) await nats.restart(server);
      await nats.#ready();
    } catch (error) {
      await nats.stop();
      throw error;
    }
    return nats;
  }

  /** Addresses for clients. */
  get servers(): string[] {
    return Array.from({ length: this.#size }, (_, server) => `nats://${this.#host(server)}:${PORTS.client}`);
  }

  #host(server: number): string {
    return `${this.#net}.${server + 1}`;
  }

  /** Starts a server, for the first time or after `kill`. */
  async restart(server: number): Promise<void> {
    const file = join(this.#dir, `${server}.conf`);
    await writeFile(file, this.#configOf(server));
    const log = await open(join(this.#dir, `${server}.log`), "a");
    const program = findProgram("nats-server") ?? "nats-server";
    // The kernel ends it when this process dies.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", program, "-c", file], { stdio: ["ignore", log.fd, log.fd] });
    await once(child, "spawn");
    await log.close();
    this.#servers[server] = child;
  }

  #configOf(server: number): string {
    const host = this.#host(server);
    const routes = Array.from({ length: this.#size }, (_, other) => `nats://${this.#host(other)}:${PORTS.route}`);
    const cluster = `cluster { name: test, listen: "${host}:${PORTS.route}", routes: ${JSON.stringify(routes)} }`;
    return `server_name: n${server}
listen: "${host}:${PORTS.client}"
http: "${host}:${PORTS.monitor}"
jetstream { store_dir: "${join(this.#dir, String(server))}", max_mem: 1GB, max_file: 8GB }
${this.#size > 1 ? cluster : ""}
${this.#config}
`;
  }

  async #ready(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (let server = 0; server < this.#size; ) {
      const state = (await this.#ask(server, "/jsz").catch(() => null)) as JetStreamState | null;
      const meta = state?.meta_cluster;
      if (state && (this.#size === 1 || (meta?.leader && meta.cluster_size === this.#size))) server++;
      else if (Date.now() < deadline) await sleep(100);
      else throw new Error(`NATS did not start: ${await this.log(server)}`);
    }
  }

  async #ask(server: number, path: string): Promise<unknown> {
    const response = await fetch(`http://${this.#host(server)}:${PORTS.monitor}${path}`);
    return response.json();
  }

  /** What the servers that lead a stream and its consumers tell of them; undefined while none leads the stream. */
  async stream(name: string): Promise<NatsStreamState | undefined> {
    let messages: number | undefined;
    const consumers: { name: string; pending: number; unacknowledged: number }[] = [];
    for (let server = 0; server < this.#size; server++) {
      const found = await this.#streamAt(server, name);
      const leads = ({ cluster }: Led) => cluster?.leader === undefined || cluster.leader === `n${server}`;
      if (found && leads(found)) messages = found.state.messages;
      for (const one of (found?.consumer_detail ?? []).filter(leads)) {
        consumers.push({ name: one.name, pending: one.num_pending, unacknowledged: one.num_ack_pending });
      }
    }
    return messages === undefined ? undefined : { messages, consumers };
  }

  async #streamAt(server: number, name: string): Promise<StreamDetail | undefined> {
    const path = "/jsz?accounts=true&streams=true&consumers=true";
    const all = (await this.#ask(server, path).catch(() => null)) as JetStreamState | null;
    const streams = (all?.account_details ?? []).flatMap(({ stream_detail: detail }) => detail ?? []);
    return streams.find((one) => one.name === name);
  }

  /** What a server has said since it was started first. */
  log(server: number): Promise<string> {
    return readFile(join(this.#dir, `${server}.log`), "utf8");
  }

  /** Kills a server at once. */
  async kill(server: number): Promise<void> {
    const child = this.#servers[server];
    this.#servers[server] = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  /** Ends all, and removes what they stored. */
  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((_, server) => this.kill(server)));
    await rm(this.#dir, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** What is read of the answer of `/jsz`. */
interface JetStreamState {
  readonly meta_cluster?: { readonly leader?: string; readonly cluster_size: number };
  readonly account_details?: readonly { readonly stream_detail?: readonly StreamDetail[] }[];
}

interface Led {
  readonly cluster?: { readonly leader?: string };
}

interface StreamDetail extends Led {
  readonly name: string;
  readonly state: { readonly messages: number };
  readonly consumer_detail?: readonly (Led & {
    readonly name: string;
    readonly num_pending: number;
    readonly num_ack_pending: number;
  })[];
}
