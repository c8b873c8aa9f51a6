import { readFileSync } from "node:fs";
import { type ConnectionOptions, connect } from "node:tls";
import { requireDebian } from "@sluice/testkit";
import { expect, test } from "vitest";
import { eventsIn } from "../support/archives.ts";
import { type Certificate, listeningSluice, makeCertificates, signCertificate } from "../support/network.ts";
import { start } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const there = requireDebian(["openssl"]);

/** A file sink behind a TLS source with these options of `tls` besides its own certificate. */
const pipelineOf = (files: Certificate, tls: string) => `name: tls
sources:
  secure: {type: tcp, address: '127.0.0.1:0', tls: {cert: ${files.cert}, key: ${files.key}${tls}}}
sinks:
  out: {type: file, path: out.ndjson}
`;

/** Sends one line with `openssl s_client`, which checks sluice's own certificate as well. */
async function sendLine(port: number, ca: string, line: string, client?: Certificate): Promise<void> {
  const mine = client ? ["-cert", client.cert, "-key", client.key] : [];
  const place = ["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", ca, "-verify_return_error"];
  const sending = start("openssl", [...place, "-quiet", "-no_ign_eof", ...mine], { input: `${line}\n` });
  await sending.ended;
}

/** A server's certificate, and clients' of its authority and of another one. */
function certificatesFor(work: Workspace) {
  const { ca } = makeCertificates(work);
  const own = signCertificate(work, "client");
  makeCertificates(work, "elsewhere");
  const foreign = signCertificate(work, "stranger", "elsewhere");
  return { ca, own, foreign, server: signCertificate(work, "server") };
}

test.runIf(there).each([
  ["none", { without: true, foreign: true, own: true }],
  ["optional", { without: true, foreign: false, own: true }],
  ["required", { without: false, foreign: false, own: true }],
])("client_certificates: %s takes the lines of %j", { timeout: 120_000 }, async (mode, taken) => {
  await using work = await Workspace.create();
  const { ca, own, foreign, server } = certificatesFor(work);
  const options = `, ca: ${ca}, client_certificates: ${mode}`;
  const { sluice, ports } = await listeningSluice(work, await work.write("p.yaml", pipelineOf(server, options)));
  const port = ports[0] as number;
  try {
    await sendLine(port, ca, "without");
    await sendLine(port, ca, "foreign", foreign);
    await sendLine(port, ca, "own", own);
    const lines = async () => (await eventsIn(work.path("out.ndjson"))).map((event) => event["message"]);
    await until(async () => (await lines()).includes("own"), `the good line: ${sluice.stderr()}`);
    expect(await sluice.kill("SIGTERM")).toBe(0);
    const expected = Object.entries(taken).flatMap(([who, isTaken]) => (isTaken ? [who] : []));
    expect(await lines()).toEqual(expected);
    const refusals = sluice.stderr().match(/refused a client's certificate|a TLS handshake failed/g) ?? [];
    expect(refusals.length > 0).toBe(expected.length < 3);
  } finally {
    await sluice.kill("SIGKILL");
  }
});

test.runIf(there)("sends no session tickets, which clients that only write would leave unread", async () => {
  await using work = await Workspace.create();
  const files = makeCertificates(work);
  const { sluice, ports } = await listeningSluice(work, await work.write("p.yaml", pipelineOf(files, "")));
  const options: ConnectionOptions = { port: ports[0] as number, host: "127.0.0.1", ca: readFileSync(files.ca) };
  try {
    const client = connect(options);
    let tickets = 0;
    client.on("session", () => tickets++);
    client.on("secureConnect", () => client.write("a line\n"));
    await until(async () => (await eventsIn(work.path("out.ndjson"))).length === 1, "the line");
    expect(client.getProtocol()).toBe("TLSv1.3");
    expect(tickets).toBe(0);
    client.destroy();
    // What the client sent came behind the place where tickets would be.
    expect(await sluice.kill("SIGTERM")).toBe(0);
  } finally {
    await sluice.kill("SIGKILL");
  }
});

test.runIf(there && requireDebian(["curl"]))(
  "GELF over https refuses a certificate that its authority has not signed, also where none is needed",
  { timeout: 120_000 },
  async () => {
    await using work = await Workspace.create();
    const { ca, own, foreign, server } = certificatesFor(work);
    const tls = `{cert: ${server.cert}, key: ${server.key}, ca: ${ca}, client_certificates: optional}`;
    const source = `{type: gelf, address: 'https://127.0.0.1:0/gelf', tls: ${tls}}`;
    const text = `name: g\nsources: {gelf: ${source}}\nsinks: {out: {type: file, path: out.ndjson}}\n`;
    const { sluice, ports } = await listeningSluice(work, await work.write("p.yaml", text));
    const post = async (message: string, client?: Certificate): Promise<number> => {
      const body = JSON.stringify({ version: "1.1", host: "h", short_message: message });
      const mine = client ? ["--cert", client.cert, "--key", client.key] : [];
      const place = `https://127.0.0.1:${ports[0]}/gelf`;
      const sending = start("curl", [
        "-sS",
        "-o",
        "/dev/null",
        "--cacert",
        ca,
        "-w",
        "%{http_code}",
        "-d",
        body,
        ...mine,
        place,
      ]);
      await sending.ended;
      return Number(sending.stdout());
    };
    try {
      expect(await post("without")).toBe(202);
      expect(await post("foreign", foreign)).toBe(0);
      for (let n = 0; n < 50; n++) await hurry(ports[0] as number, { ca, ...foreign });
      expect(await post("own", own)).toBe(202);
      expect(await sluice.kill("SIGTERM")).toBe(0);
      const messages = (await eventsIn(work.path("out.ndjson"))).map((event) => event["message"]);
      expect(messages).toEqual(["without", "own"]);
      expect(sluice.stderr()).toContain("refused a client's certificate");
    } finally {
      await sluice.kill("SIGKILL");
    }
  },
);

/** Posts a message without waiting for the end of the handshake: it may come in the packet that ends it. */
async function hurry(port: number, { ca, cert, key }: Certificate & { readonly ca: string }): Promise<void> {
  const [trusted, mine, secret] = [ca, cert, key].map((file) => readFileSync(file));
  const socket = connect({ host: "127.0.0.1", port, ca: trusted, cert: mine, key: secret });
  socket.on("error", () => {});
  const body = JSON.stringify({ version: "1.1", host: "h", short_message: "in a hurry" });
  socket.end(`POST /gelf HTTP/1.1\r\nhost: h\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await new Promise((resolve) => socket.resume().once("close", resolve));
}
