import { mkdtempSync, rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { listObjects, ObjectChangedError, readConnection, readObject, s3Client, s3Fault } from "../src/index.ts";
import { withStore } from "./hostile-store.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-aws-"));
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_CONFIG_FILE", join(dir, "none"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(dir, "none"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

const KEYS = { access_key_id: "a", secret_access_key: "b" };
const clientOf = (options: object) => s3Client(readConnection(options));

describe("a client", () => {
  test("puts the bucket into the path for stores that are not Amazon's, and adds no checksums they may refuse", async () => {
    const { config } = await clientOf({ endpoint: "http://127.0.0.1:1" });
    expect(config.forcePathStyle).toBe(true);
    expect(await config.requestChecksumCalculation()).toBe("WHEN_REQUIRED");
    expect(await config.region()).toBe("us-east-1");
    vi.stubEnv("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    expect((await clientOf({})).config.forcePathStyle).toBe(true);
    expect((await clientOf({ path_style: false })).config.forcePathStyle).toBe(false);
  });

  test("is an ordinary one of Amazon's else", async () => {
    const { config } = await clientOf({ region: "eu-central-1", ...KEYS });
    expect(config.forcePathStyle).toBe(false);
    expect(await config.region()).toBe("eu-central-1");
    expect(await config.credentials()).toMatchObject({ accessKeyId: "a", secretAccessKey: "b" });
  });

  test("is refused half a key, and authorities that cannot be read", async () => {
    await expect(clientOf({ access_key_id: "a" })).rejects.toThrow("belong together");
    await expect(clientOf({ tls: { ca: join(dir, "no.pem") } })).rejects.toThrow(
      "cannot read the certificate authorities",
    );
  });
});

async function read(endpoint: string, options: { offset?: number; stillMs?: number } = {}): Promise<string> {
  const client = await s3Client(readConnection({ endpoint, ...KEYS }), { maxAttempts: 1 });
  try {
    const object = { bucket: "b", key: "k", etag: "e" };
    const parts: Uint8Array[] = [];
    for await (const part of readObject(client, object, { stillMs: 5000, ...options })) parts.push(part);
    return Buffer.concat(parts).toString();
  } finally {
    client.destroy();
  }
}

describe("an object", () => {
  test("is read from an offset on, also where the store sends the whole of it", async () => {
    await withStore(
      (_, response) => void response.end("0123456789"),
      async (endpoint) => {
        expect(await read(endpoint)).toBe("0123456789");
        expect(await read(endpoint, { offset: 7 })).toBe("789");
      },
    );
    const part: RequestListener = ({ headers }, response) => {
      const from = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1]);
      if (from >= 10) response.writeHead(416).end("<Error><Code>InvalidRange</Code></Error>");
      else response.writeHead(206).end("0123456789".slice(from));
    };
    await withStore(part, async (endpoint) => {
      expect(await read(endpoint, { offset: 7 })).toBe("789");
      expect(await read(endpoint, { offset: 10 })).toBe("");
    });
  });

  test("that is another one by now is no fault of the store", async () => {
    const changed: RequestListener = ({ headers }, response) => {
      const same = headers["if-match"] === '"other"';
      response.writeHead(same ? 200 : 412).end(same ? "x" : "<Error><Code>PreconditionFailed</Code></Error>");
    };
    await withStore(changed, (endpoint) => expect(read(endpoint)).rejects.toThrow(ObjectChangedError));
    const gone: RequestListener = (_, response) =>
      void response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
    await withStore(gone, (endpoint) => expect(read(endpoint)).rejects.toThrow(ObjectChangedError));
  });

  test("whose body stands still or breaks off is given up", async () => {
    const still: RequestListener = (_, response) => void response.writeHead(200, { "content-length": 10 }).write("01");
    await withStore(still, (endpoint) =>
      expect(read(endpoint, { stillMs: 100 })).rejects.toThrow("no byte came for 0.1 s"),
    );
    const broken: RequestListener = (_, response) => {
      response.writeHead(200, { "content-length": 10 }).write("01", () => setTimeout(() => response.destroy(), 50));
    };
    await withStore(broken, (endpoint) => expect(read(endpoint)).rejects.toThrow());
  });
});

test.each([
  [403, "<Error><Code>SignatureDoesNotMatch</Code></Error>", "the secret key is wrong"],
  [403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", "clock"],
  [404, "<Error><Code>NoSuchBucket</Code></Error>", "there is no such bucket"],
  [503, "<Error><Code>SlowDown</Code></Error>", "slow down (503)"],
  [503, "", "overloaded"],
  [403, "", "refuses access"],
])("a store's %i %s is told to people", async (status, body, text) => {
  const fault = await withStore(
    (_, response) => void response.writeHead(status).end(body),
    async (endpoint) => {
      const client = await s3Client(readConnection({ endpoint, ...KEYS }), { maxAttempts: 1 });
      const listing = listObjects(client, { bucket: "b", prefix: "" }).next();
      return s3Fault(
        await listing.then(
          () => null,
          (error: unknown) => error,
        ),
        "cannot list s3://b/",
      );
    },
  );
  expect(fault.message).toMatch(/^cannot list s3:\/\/b\/: /);
  expect(fault.message).toContain(text);
  expect(fault.hint).toBeDefined();
});

test("a role is assumed with the key given, under the external id it asks for", async () => {
  const asked: string[] = [];
  const credentials = "<AccessKeyId>t</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>k</SessionToken>";
  const answer = `<AssumeRoleResponse><AssumeRoleResult><Credentials>${credentials}<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
  const sts: RequestListener = (request, response) => {
    request.on("data", (body: Buffer) => asked.push(`${request.headers.authorization} ${body.toString()}`));
    request.on("end", () => void response.writeHead(200, { "content-type": "text/xml" }).end(answer));
  };
  await withStore(sts, async (endpoint) => {
    vi.stubEnv("AWS_ENDPOINT_URL_STS", endpoint);
    const role = { arn: "arn:aws:iam::123456789012:role/logs", external_id: "lab" };
    const { config } = await clientOf({ region: "eu-central-1", ...KEYS, assume_role: role });
    expect(await config.credentials()).toMatchObject({ accessKeyId: "t", secretAccessKey: "s", sessionToken: "k" });
  });
  expect(asked).toEqual([expect.stringMatching(/Credential=a\/.*Action=AssumeRole/)]);
  expect(asked[0]).toMatch(/RoleSessionName=sluice/);
  expect(asked[0]).toMatch(/ExternalId=lab/);
});
