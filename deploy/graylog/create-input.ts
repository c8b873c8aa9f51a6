// Creates the GELF TCP input that sluice sends to, through Graylog's REST API, or sets it right where it differs. Run it as
// often as you like:
//   GRAYLOG_PASSWORD=… node deploy/graylog/create-input.ts
//   GRAYLOG_URL       default http://127.0.0.1:9000
//   GRAYLOG_USER      default admin; or an access token as the user and `token` as the password
//   GRAYLOG_PASSWORD  or GRAYLOG_PASSWORD_FILE
//   INPUT_PORT        default 12201
//   INPUT_TITLE       default "sluice (GELF TCP)"
//   WAIT_SECONDS      how long Graylog may take to start, default 300
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const TYPE = "org.graylog2.inputs.gelf.tcp.GELFTCPInput";
const env = process.env;
const base = (env["GRAYLOG_URL"] || "http://127.0.0.1:9000").replace(/\/+$/, "").replace(/\/api$/, "");
const port = Number(env["INPUT_PORT"] || 12201);
const waitMs = Number(env["WAIT_SECONDS"] || 300) * 1000;

/** What sluice relies on (docs/graylog.md): NUL-delimited frames of up to 2 MiB. */
const configuration = {
  bind_address: "0.0.0.0",
  port,
  recv_buffer_size: 1_048_576,
  number_worker_threads: 2,
  use_null_delimiter: true,
  max_message_size: 2_097_152,
  decompress_size_limit: 8_388_608,
  charset_name: "UTF-8",
  tcp_keepalive: true,
  tls_enable: false,
  tls_cert_file: "",
  tls_key_file: "",
  tls_key_password: "",
  tls_client_auth: "disabled",
  tls_client_auth_cert_file: "",
  override_source: null,
};
/** Of these a difference is put right; the others are a matter of taste. */
const NEEDED = ["port", "use_null_delimiter", "max_message_size", "tls_enable", "override_source"] as const;

interface Input {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  readonly global: boolean;
  readonly node?: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}

class Fault extends Error {}

async function call(method: string, path: string, body?: object): Promise<Response> {
  const response = await fetch(`${base}/api${path}`, {
    method,
    headers: {
      Accept: "application/json",
      Authorization: `Basic ${Buffer.from(`${env["GRAYLOG_USER"] || "admin"}:${password()}`).toString("base64")}`,
      "Content-Type": "application/json",
      // Graylog refuses changes without it (protection against CSRF).
      "X-Requested-By": "sluice",
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (response.status === 401)
    throw new Fault("Graylog refuses the user or the password: see GRAYLOG_USER, GRAYLOG_PASSWORD");
  if (response.status === 403)
    throw new Fault(`the user of Graylog's may not ${method} ${path}: it needs the role Admin or inputs:*`);
  if (!response.ok) throw new Fault(`${method} ${path}: ${response.status} ${(await response.text()).slice(0, 500)}`);
  return response;
}

function password(): string {
  const file = env["GRAYLOG_PASSWORD_FILE"];
  const text = file ? readFileSync(file, "utf8").trim() : env["GRAYLOG_PASSWORD"];
  if (!text) throw new Fault("set GRAYLOG_PASSWORD or GRAYLOG_PASSWORD_FILE");
  return text;
}

/** Waits until Graylog takes part in the cluster; it needs a minute or two to start. */
async function untilAlive(): Promise<void> {
  for (const end = Date.now() + waitMs; ; await sleep(2000)) {
    const answer = await fetch(`${base}/api/system/lbstatus`, { signal: AbortSignal.timeout(10_000) }).catch(
      (error: Error) => error,
    );
    if (answer instanceof Response && answer.ok && (await answer.text()).trim() === "ALIVE") return;
    const state = answer instanceof Response ? `answers ${answer.status}` : "does not answer";
    if (Date.now() > end) throw new Fault(`Graylog at ${base} ${state} after ${waitMs / 1000} s`);
  }
}

async function main(): Promise<string> {
  password();
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Fault("INPUT_PORT is no port");
  await untilAlive();
  const { inputs } = (await (await call("GET", "/system/inputs")).json()) as { inputs: readonly Input[] };
  const samePort = inputs.filter(({ attributes }) => attributes["port"] === port);
  const known = samePort.find(({ type }) => type === TYPE);
  if (!known) return create(samePort);
  const differing = NEEDED.filter((name) => (known.attributes[name] ?? null) !== configuration[name]);
  if (differing.length === 0) return `the input "${known.title}" (${known.id}) is there, on port ${port}`;
  const { id, title, global, node } = known;
  const changed = { ...known.attributes, ...Object.fromEntries(differing.map((name) => [name, configuration[name]])) };
  await call("PUT", `/system/inputs/${id}`, { title, type: TYPE, global, node: node ?? null, configuration: changed });
  return `the input "${title}" (${id}) on port ${port} was changed: ${differing.join(", ")}`;
}

async function create(samePort: readonly Input[]): Promise<string> {
  // GELF over UDP has ports of its own; whatever else uses this one keeps ours from listening.
  const taken = samePort.find(({ type }) => !/udp/i.test(type));
  if (taken)
    throw new Fault(`port ${port} belongs to the input "${taken.title}" of type ${taken.type}: set INPUT_PORT`);
  const title = env["INPUT_TITLE"] || "sluice (GELF TCP)";
  const created = await call("POST", "/system/inputs", { title, type: TYPE, global: true, configuration });
  return `the input "${title}" (${((await created.json()) as { id: string }).id}) was created, on port ${port}`;
}

try {
  process.stdout.write(`${await main()}\n`);
} catch (error) {
  const { message, cause } = error as Error;
  process.stderr.write(`create-input: ${message}${cause instanceof Error ? `: ${cause.message}` : ""}\n`);
  process.exitCode = 1;
}
