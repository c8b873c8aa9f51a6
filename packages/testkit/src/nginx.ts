import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "./alive.ts";
import { findProgram } from "./debian.ts";

/** A log format of nginx's: its name, and the file that defines it. */
interface NginxLogFormat {
  readonly name: string;
  readonly file: string;
}

/** A real nginx on the loopback with an access log, in the combined format if not told otherwise; needs Debian's nginx. */
export class Nginx {
  readonly dir: string;
  readonly port: number;
  readonly accessLog: string;
  readonly #format: NginxLogFormat | undefined;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });

  private constructor(dir: string, port: number, format: NginxLogFormat | undefined) {
    this.#format = format;
    this.dir = dir;
    this.port = port;
    this.accessLog = join(dir, "access.log");
  }

  /** Starts it with its logs in `dir`. */
  static async start(dir: string, format?: NginxLogFormat): Promise<Nginx> {
    await mkdir(dir, { recursive: true });
    const nginx = new Nginx(dir, await freePort(), format);
    await writeFile(join(dir, "nginx.conf"), nginx.#config());
    const child = spawn(findProgram("nginx") ?? "nginx", [
      "-c",
      join(dir, "nginx.conf"),
      "-p",
      dir,
      "-e",
      join(dir, "error.log"),
    ]);
    const [code] = (await once(child, "exit")) as [number];
    if (code !== 0) throw new Error(`nginx did not start: ${await readFile(join(dir, "error.log"), "utf8")}`);
    return nginx;
  }

  /** Sends one request and resolves when it was answered, so that its line is in the log. */
  get(path: string, headers: Record<string, string> = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: this.port, path, headers, agent: this.#agent }, (response) => {
        response.resume().on("end", resolve);
      });
      sent.on("error", reject).end();
    });
  }

  /** Ends it, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#agent.destroy();
    const pidFile = join(this.dir, "nginx.pid");
    const pid = Number(await readFile(pidFile, "utf8"));
    process.kill(pid, "SIGTERM");
    while (isAlive(pid)) await sleep(20);
    await rm(pidFile, { force: true });
  }

  #config(): string {
    const { dir, port, accessLog } = this;
    const include = this.#format ? `include ${this.#format.file};` : "";
    return `worker_processes 1; pid ${dir}/nginx.pid; error_log ${dir}/error.log;
events { worker_connections 64; }
http {
  ${include}
  access_log ${accessLog} ${this.#format?.name ?? "combined"};
  client_body_temp_path ${dir}/t1; proxy_temp_path ${dir}/t2; fastcgi_temp_path ${dir}/t3;
  uwsgi_temp_path ${dir}/t4; scgi_temp_path ${dir}/t5;
  server { listen 127.0.0.1:${port}; location / { return 200 "ok"; } }
}
`;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
