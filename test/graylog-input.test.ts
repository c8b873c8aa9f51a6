import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ROOT } from "./support/process.ts";
import { Workspace } from "./support/workspace.ts";

const SCRIPT = path.join(ROOT, "deploy/graylog/create-input.ts");
const GELF_TCP = "org.graylog2.inputs.gelf.tcp.GELFTCPInput";

interface Input {
  id: string;
  title: string;
  type: string;
  global: boolean;
  node: string | null;
  attributes: Record<string, unknown>;
}

/** Answers as Graylog 7.1 does (InputsResource, LoadBalancerStatusResource, and the filters before them). */
class FakeGraylog {
  readonly inputs: Input[] = [];
  readonly changes: string[] = [];
  /** How often it says that it is still starting. */
  notAlive = 0;
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url, headers } = request;
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": typeof body === "string" ? "text/plain" : "application/json" });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
    if (url === "/api/system/lbstatus") return this.notAlive-- > 0 ? send(503, "DEAD") : send(200, "ALIVE");
    const authorization = `Basic ${Buffer.from("admin:secret").toString("base64")}`;
    if (headers.authorization !== authorization) return send(401, "");
    if (method === "GET" && url === "/api/system/inputs") {
      return send(200, { total: this.inputs.length, inputs: this.inputs });
    }
    if (!headers["x-requested-by"]) return send(400, "CSRF protection header is missing.");
    let text = "";
    for await (const chunk of request) text += chunk;
    const wanted = JSON.parse(text);
    const fault = faultOf(wanted);
    if (fault !== undefined) return send(400, { type: "ApiError", message: fault });
    this.changes.push(`${method} ${url}`);
    if (method === "POST" && url === "/api/system/inputs") {
      const id = String(this.inputs.length).padStart(24, "0");
      this.inputs.push(inputOf(id, wanted));
      return send(201, { id });
    }
    const at = this.inputs.findIndex(({ id }) => method === "PUT" && url === `/api/system/inputs/${id}`);
    if (at < 0) return send(404, { type: "ApiError", message: "No such input on this node." });
    this.inputs[at] = inputOf((this.inputs[at] as Input).id, wanted);
    send(201, { id: (this.inputs[at] as Input).id });
  }
}

/** Graylog's InputCreateRequest knows these and no others. */
function faultOf(wanted: Record<string, unknown>): string | undefined {
  const { title, type, global, configuration, node, ...unknown } = wanted;
  if (Object.keys(unknown).length > 0) return `Unable to map property ${Object.keys(unknown)[0]}`;
  if (typeof title !== "string" || typeof global !== "boolean") return "title and global are required";
  if (node !== undefined && node !== null && typeof node !== "string") return "node is a text";
  if (type !== GELF_TCP) return "There is no such input type registered.";
  const { port, bind_address } = (configuration ?? {}) as Record<string, unknown>;
  return typeof port === "number" && typeof bind_address === "string"
    ? undefined
    : "Missing or invalid input configuration.";
}

function inputOf(id: string, { title, type, global, node, configuration }: Record<string, unknown>): Input {
  return { id, title, type, global, node: node ?? null, attributes: configuration } as Input;
}

let graylog: FakeGraylog;
let url: string;
beforeEach(async () => {
  graylog = new FakeGraylog();
  url = await graylog.start();
});
afterEach(() => graylog.stop());

function run(env: Record<string, string> = {}): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const variables = { PATH: process.env["PATH"], GRAYLOG_URL: url, GRAYLOG_PASSWORD: "secret", ...env };
    execFile(process.execPath, [SCRIPT], { env: variables }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

test("creates the input once, whatever how often it runs", async () => {
  graylog.notAlive = 1;
  expect(await run()).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringMatching(/was created, on port 12201/),
  });
  expect(graylog.inputs).toMatchObject([
    {
      type: GELF_TCP,
      global: true,
      attributes: { port: 12201, use_null_delimiter: true, max_message_size: 2_097_152 },
    },
  ]);
  expect(await run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/is there, on port 12201/) });
  expect(await run({ GRAYLOG_URL: `${url}/api/` })).toMatchObject({ code: 0 });
  expect(graylog.changes).toEqual(["POST /api/system/inputs"]);
});

test("puts right what sluice relies on, and leaves the rest as it is", async () => {
  await run({ INPUT_PORT: "12301", INPUT_TITLE: "ours" });
  const [input] = graylog.inputs as [Input];
  Object.assign(input, { title: "mine", node: "7a2c", global: false });
  Object.assign(input.attributes, { use_null_delimiter: false, max_message_size: 1000, number_worker_threads: 7 });
  const { stdout } = await run({ INPUT_PORT: "12301" });
  expect(stdout).toMatch(/was changed: use_null_delimiter, max_message_size/);
  expect(graylog.inputs).toMatchObject([
    {
      title: "mine",
      node: "7a2c",
      global: false,
      attributes: { use_null_delimiter: true, max_message_size: 2_097_152, number_worker_threads: 7 },
    },
  ]);
});

test("minds what else listens on the port", async () => {
  const other = { title: "x", global: true, node: null, attributes: { port: 12201 } };
  graylog.inputs.push({ ...other, id: "1", type: "org.graylog2.inputs.gelf.udp.GELFUDPInput" });
  expect(await run()).toMatchObject({ code: 0 });
  graylog.inputs.splice(0);
  graylog.inputs.push({ ...other, id: "2", type: "org.graylog2.inputs.syslog.tcp.SyslogTCPInput" });
  expect(await run()).toMatchObject({ code: 1, stderr: expect.stringMatching(/belongs to the input "x".*INPUT_PORT/) });
});

test.each([
  [{ GRAYLOG_PASSWORD: "wrong" }, /refuses the user or the password/],
  [{ GRAYLOG_PASSWORD: "" }, /set GRAYLOG_PASSWORD/],
  [{ INPUT_PORT: "none" }, /no port/],
  [{ GRAYLOG_URL: "http://127.0.0.1:1", WAIT_SECONDS: "1" }, /does not answer after 1 s/],
])("with %j says what is wrong", async (env, message) => {
  const { code, stderr } = await run(env);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("secret");
});

test("takes the password from a file", async () => {
  await using work = await Workspace.create();
  const file = await work.write("password", "secret\n");
  expect(await run({ GRAYLOG_PASSWORD: "", GRAYLOG_PASSWORD_FILE: file })).toMatchObject({ code: 0 });
});
