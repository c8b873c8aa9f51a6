import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { open, readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Running, startSluice } from "./process.ts";
import { until } from "./wait.ts";
import type { Workspace } from "./workspace.ts";

/** A port that is free now, for a listener that has to come back at the same place. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Making one of RSA takes seconds on a busy machine. */
const NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/** A certificate with its key, as PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority, and a certificate of it for 127.0.0.1, made with openssl. */
export function makeCertificates(work: Workspace, authority = "ca"): Certificate & { readonly ca: string } {
  const make = `openssl req -x509 ${NEW_KEY} -keyout ${authority}.key -out ${authority}.pem -subj /CN=ca -days 30`;
  execFileSync("sh", ["-ec", make], { cwd: work.dir, stdio: "ignore" });
  return { ca: work.path(`${authority}.pem`), ...signCertificate(work, "server", authority) };
}

/** A certificate of that authority, for 127.0.0.1 or for a client of this name. */
export function signCertificate(work: Workspace, name: string, authority = "ca"): Certificate {
  const script = `openssl req ${NEW_KEY} -keyout ${name}.key -out ${name}.csr -subj /CN=${name}
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > ext
openssl x509 -req -in ${name}.csr -CA ${authority}.pem -CAkey ${authority}.key -CAcreateserial -out ${name}.pem -days 30 -extfile ext`;
  execFileSync("sh", ["-ec", script], { cwd: work.dir, stdio: "ignore" });
  return { cert: work.path(`${name}.pem`), key: work.path(`${name}.key`) };
}

/** Starts sluice on a pipeline and waits until all of its sources listen; `ports` are in the order of their names. */
export async function listeningSluice(
  work: Workspace,
  pipeline: string,
  sources = 1,
  env: NodeJS.ProcessEnv = {},
): Promise<{ sluice: Running; ports: number[] }> {
  const sluice = startSluice(["run", pipeline, "--state-dir", work.path("state"), "--http", "off"], { env });
  const listening = () =>
    [...sluice.stderr().matchAll(/"source":"([^"]+)",[^\n]*"port":(\d+),"msg":"listening"/g)].map(
      ([, name, port]) => [name as string, Number(port)] as const,
    );
  await until(() => listening().length >= sources, `${sources} sources to listen: ${sluice.stderr()}`);
  const sorted = listening().toSorted(([a], [b]) => a.localeCompare(b));
  return { sluice, ports: sorted.map(([, port]) => port) };
}

/** How many times each number comes after `marker` in the lines of a file. */
export async function numbersIn(file: string, marker: string): Promise<Map<number, number>> {
  const seen = new Map<number, number>();
  for (const [, digits] of (await readFile(file, "utf8")).matchAll(new RegExp(`${marker}(\\d+)\\b`, "g"))) {
    seen.set(Number(digits), (seen.get(Number(digits)) ?? 0) + 1);
  }
  return seen;
}

/** Writes numbered lines to the end of a file, `count` in all, `rate` every 25 ms. */
export async function appendNumbered(
  file: string,
  { count, rate, line }: { count: number; rate: number; line: (n: number) => string },
): Promise<void> {
  await using handle = await open(file, "a");
  for (let n = 0; n < count; await sleep(25)) {
    const lines: string[] = [];
    for (; n < count && lines.length < rate; n++) lines.push(`${line(n)}\n`);
    await handle.write(lines.join(""));
  }
}

/** Size of a file, 0 when there is none. */
export async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
