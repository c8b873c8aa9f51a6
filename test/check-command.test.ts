import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import { type AddressInfo, createServer as createTcp, type Server } from "node:net";
import { requireDebian } from "@sluice/testkit";
import { expect, test } from "vitest";
import { runSluice, start } from "./support/process.ts";
import { Workspace } from "./support/workspace.ts";

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function pipeline(targets: string): string {
  return `sources:\n  services:\n    type: check\n    targets:\n${targets}\nsinks:\n  out: {type: stdout}\n`;
}

test("`sluice check` prints the table of the seed's script, and tells failures by its exit code", async () => {
  await using workspace = await Workspace.create();
  const http = createHttp((request, response) => void response.writeHead(request.url === "/health" ? 500 : 200).end());
  const gone = createTcp();
  const dead = await listen(gone);
  gone.close();
  try {
    const port = await listen(http);
    const good = `      - {name: Analytics Database, tcp: '127.0.0.1:${port}'}
      - {name: Partner API, http: 'http://127.0.0.1:${port}/v1/status'}
      - {dns: localhost}`;
    const bad = `      - {name: Redis Cache, tcp: '127.0.0.1:${dead}'}
      - {name: Metrics API, http: 'http://127.0.0.1:${port}/health'}
      - {dns: no-such-name.invalid}`;
    const up = [
      `✓ SUCCESS: Connection to Analytics Database (127.0.0.1:${port}) successful\n`,
      `✓ SUCCESS: HTTP connection to Partner API (http://127.0.0.1:${port}/v1/status) returned status 200\n`,
      "✓ SUCCESS: DNS resolution for localhost works\n",
    ].join("");
    const allGood = await workspace.write("good.yaml", pipeline(good));
    expect(await runSluice(["check", allGood])).toEqual({ code: 0, stdout: up, stderr: "" });
    const mixed = await workspace.write("mixed.yaml", pipeline(`${good}\n${bad}`));
    const { code, stdout } = await runSluice(["check", mixed]);
    expect(code).toBe(1);
    const lines = stdout.slice(up.length).split("\n");
    expect(stdout.startsWith(up)).toBe(true);
    expect(lines[0]).toBe(`✗ FAILURE: Could not connect to Redis Cache (127.0.0.1:${dead}): connection refused`);
    expect(lines[1]).toBe(
      `✗ FAILURE: HTTP connection to Metrics API (http://127.0.0.1:${port}/health) returned status 500`,
    );
    expect(lines[2]).toMatch(/^✗ FAILURE: DNS resolution for no-such-name\.invalid failed/);
  } finally {
    http.close();
  }
});

/** The two functions of the seed's connectivity_test.sh, as they stand there, but for the log file. */
const SCRIPT = `log() {
    echo "$1"
}

test_tcp_connection() {
    local host=$1
    local port=$2
    local description=$3
    
    nc -zv -w 3 "$host" "$port" &>/dev/null
    if [ $? -eq 0 ]; then
        log "✓ SUCCESS: Connection to $description ($host:$port) successful"
    else
        log "✗ FAILURE: Could not connect to $description ($host:$port)"
    fi
}

test_http_connection() {
    local url=$1
    local description=$2
    
    status_code=$(curl -s -o /dev/null -w "%{http_code}" --connect-timeout 5 "$url")
    if [ "$status_code" -ge 200 ] && [ "$status_code" -lt 300 ]; then
        log "✓ SUCCESS: HTTP connection to $description ($url) returned status $status_code"
    else
        log "✗ FAILURE: HTTP connection to $description ($url) returned status $status_code"
    fi
}
`;

test.runIf(requireDebian(["netcat-openbsd:nc", "curl", "bash"]))(
  "`sluice check` says of the same targets what the seed's script says, and why one failed",
  async () => {
    await using workspace = await Workspace.create();
    const http = createHttp(
      (request, response) => void response.writeHead(request.url === "/health" ? 503 : 204).end(),
    );
    const gone = createTcp();
    const dead = await listen(gone);
    gone.close();
    try {
      const port = await listen(http);
      const [good, bad] = [`http://127.0.0.1:${port}/v1/status`, `http://127.0.0.1:${port}/health`];
      const calls = `test_tcp_connection 127.0.0.1 ${port} "Analytics Database"
test_tcp_connection 127.0.0.1 ${dead} "Redis Cache"
test_http_connection ${good} "Partner API"
test_http_connection ${bad} "Metrics API"
`;
      const script = await workspace.write("connectivity_test.sh", SCRIPT + calls);
      const printed = start("bash", [script]);
      expect(await printed.ended).toBe(0);
      const targets = `      - {name: Analytics Database, tcp: '127.0.0.1:${port}'}
      - {name: Redis Cache, tcp: '127.0.0.1:${dead}'}
      - {name: Partner API, http: '${good}'}
      - {name: Metrics API, http: '${bad}'}`;
      const { code, stdout } = await runSluice(["check", await workspace.write("p.yaml", pipeline(targets))]);
      expect(code).toBe(1);
      expect(stdout.replace(": connection refused", "")).toBe(printed.stdout());
    } finally {
      http.close();
    }
  },
);

test("a file without checks is wrong usage", async () => {
  await using workspace = await Workspace.create();
  const file = await workspace.write("p.yaml", "sources: {in: {type: stdin}}\nsinks: {out: {type: stdout}}\n");
  const { code, stderr } = await runSluice(["check", file]);
  expect(code).toBe(2);
  expect(stderr).toContain("there is no source of type `check`");
});

const insecure: Record<string, string> = {
  "sink gelf over tls":
    "sources: {in: {type: stdin}}\nsinks: {out: {type: gelf, address: 'tls://127.0.0.1:1', tls: {verify: false}}}",
  "sink gelf over https":
    "sources: {in: {type: stdin}}\nsinks: {out: {type: gelf, address: 'https://127.0.0.1:1/gelf', tls: {verify: false}}}",
  "sink s3":
    "sources: {in: {type: stdin}}\nsinks: {out: {type: s3, bucket: logs, endpoint: 'https://127.0.0.1:1', tls: {verify: false}}}",
  "source s3":
    "sources: {in: {type: s3, bucket: logs, endpoint: 'https://127.0.0.1:1', tls: {verify: false}}}\nsinks: {out: {type: stdout}}",
  "sink http":
    "sources: {in: {type: stdin}}\nsinks: {out: {type: http, url: 'https://127.0.0.1:1/', tls: {verify: false}}}",
  "sink nats":
    "sources: {in: {type: stdin}}\nsinks: {out: {type: nats, servers: ['tls://127.0.0.1:1'], stream: logs, subject: logs.x, tls: {verify: false}}}",
  "source nats":
    "sources: {in: {type: nats, servers: ['tls://127.0.0.1:1'], stream: logs, consumer: c, tls: {verify: false}}}\nsinks: {out: {type: stdout}}",
  "source docker_logs":
    "sources: {in: {type: docker_logs, host: 'tcp://127.0.0.1:1', tls: {verify: false}}}\nsinks: {out: {type: stdout}}",
  "source check": pipeline("      - {http: 'https://127.0.0.1:1/', tls: {verify: false}}"),
};

test.each(Object.entries(insecure))(
  "`verify: false` in %s is warned about, and refused with --strict",
  async (_, text) => {
    await using workspace = await Workspace.create();
    const file = await workspace.write("p.yaml", `${text}\n`);
    const warned = await runSluice(["validate", file]);
    expect(warned.code).toBe(0);
    expect(warned.stderr).toMatch(/warning.*(?:not verified|verify)/);
    expect((await runSluice(["validate", "--strict", file])).code).toBe(2);
  },
);
