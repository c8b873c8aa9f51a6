import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * How a fake Graylog misbehaves. `hang`: reads nothing; `slow`: reads little at a time; `ignore-fin`: never answers the
 * close of a connection; `reset`: breaks each connection with a RST once it has read something.
 */
export type GraylogFault = "none" | "hang" | "slow" | "ignore-fin" | "reset";

export interface GraylogSettings {
  readonly port: number;
  readonly fault: GraylogFault;
  readonly acceptedFile: string;
  readonly rejectedFile: string;
  readonly tls?: { readonly cert: string; readonly key: string };
}

export type GraylogCommand =
  | { readonly kind: "fault"; readonly fault: GraylogFault }
  | { readonly kind: "reset" }
  | { readonly kind: "count" };

type GraylogMessage = Record<string, unknown>;

/** A fake Graylog GELF TCP input in a process of its own. */
export class Graylog {
  readonly #dir: string;
  #settings: GraylogSettings;
  #child: ChildProcess;

  private constructor(dir: string, settings: GraylogSettings, child: ChildProcess) {
    this.#dir = dir;
    this.#settings = settings;
    this.#child = child;
  }

  /** Starts it on a free port of 127.0.0.1. `tls`: PEM texts. */
  static async start(options: { fault?: GraylogFault; tls?: { cert: string; key: string } } = {}): Promise<Graylog> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-graylog-"));
    const settings: GraylogSettings = {
      port: 0,
      fault: options.fault ?? "none",
      acceptedFile: join(dir, "accepted.ndjson"),
      rejectedFile: join(dir, "rejected.ndjson"),
      ...(options.tls ? { tls: options.tls } : {}),
    };
    await writeFile(settings.acceptedFile, "");
    await writeFile(settings.rejectedFile, "");
    const { child, port } = await spawn(settings);
    return new Graylog(dir, { ...settings, port }, child);
  }

  get port(): number {
    return this.#settings.port;
  }

  get address(): string {
    return `${this.#settings.tls ? "tls" : "tcp"}://127.0.0.1:${this.port}`;
  }

  /** What it accepted so far, over all its lives, in order of arrival. */
  async accepted(): Promise<GraylogMessage[]> {
    return readLines(this.#settings.acceptedFile);
  }

  /** What it refused, with the reason. */
  async rejected(): Promise<{ reason: string; frame: string }[]> {
    return readLines(this.#settings.rejectedFile) as Promise<{ reason: string; frame: string }[]>;
  }

  async setFault(fault: GraylogFault): Promise<void> {
    await this.#command({ kind: "fault", fault });
  }

  /** Breaks all its connections now. */
  async resetConnections(): Promise<void> {
    await this.#command({ kind: "reset" });
  }

  /** Connections it has had in this life. */
  async connections(): Promise<number> {
    return (await this.#command({ kind: "count" })).connections;
  }

  /** kill -9, at once. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }

  /** SIGSTOP: it lives, and does nothing. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** Starts it again on the same port. */
  async restart(fault: GraylogFault = "none"): Promise<void> {
    await this.kill();
    this.#settings = { ...this.#settings, fault };
    this.#child = (await spawn(this.#settings)).child;
  }

  /** Starts it again with another certificate and key, PEM texts. */
  async renew(tls: { readonly cert: string; readonly key: string }): Promise<void> {
    this.#settings = { ...this.#settings, tls };
    await this.restart();
  }

  /** Ends it and forgets what it received. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #command(command: GraylogCommand): Promise<{ connections: number }> {
    this.#child.send(command);
    const [answer] = (await once(this.#child, "message")) as [{ connections: number }];
    return answer;
  }
}

async function spawn(settings: GraylogSettings): Promise<{ child: ChildProcess; port: number }> {
  const script = fileURLToPath(new URL("./graylog-child.ts", import.meta.url));
  const child = fork(script, [JSON.stringify(settings)], { execArgv: [] });
  const [ready] = (await once(child, "message")) as [{ port: number }];
  return { child, port: ready.port };
}

/** The lines of a file; one that a kill -9 tore in two was never received. */
async function readLines(file: string): Promise<GraylogMessage[]> {
  const text = await readFile(file, "utf8");
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as GraylogMessage];
    } catch {
      return [];
    }
  });
}
