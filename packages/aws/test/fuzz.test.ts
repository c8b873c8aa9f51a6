import type { RequestListener } from "node:http";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type ListedObject, listObjects, readConnection, readObject, s3Client, s3Fault } from "../src/index.ts";
import { withStore } from "./hostile-store.ts";

/** Requests after which a listing counts as endless. */
const ENDLESS = 30;

interface Page {
  readonly keys: readonly string[];
  readonly truncated: boolean;
  readonly token: string | undefined;
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function xmlOf({ keys, truncated, token }: Page): string {
  const contents = keys.map((key) => `<Contents><Key>${escaped(key)}</Key><ETag>"e"</ETag><Size>1</Size></Contents>`);
  const next = token === undefined ? "" : `<NextContinuationToken>${token}</NextContinuationToken>`;
  return `<ListBucketResult>${contents.join("")}<IsTruncated>${truncated}</IsTruncated>${next}</ListBucketResult>`;
}

interface Listing {
  readonly listed: readonly ListedObject[];
  readonly error: unknown;
}

/** Lists what a store answers to one request after the other. */
async function list(answers: (request: number) => string | Buffer): Promise<Listing & { requests: number }> {
  let requests = 0;
  const answer: RequestListener = (_, response) => {
    if (requests >= ENDLESS) response.writeHead(400).end();
    else response.writeHead(200, { "content-type": "application/xml" }).end(answers(requests));
    requests++;
  };
  const listing = await withStore(answer, async (endpoint) => {
    const options = readConnection({ endpoint, access_key_id: "a", secret_access_key: "b" });
    const client = await s3Client(options, { maxAttempts: 1 });
    const listed: ListedObject[] = [];
    try {
      for await (const object of listObjects(client, { bucket: "b", prefix: "" })) listed.push(object);
      return { listed, error: undefined };
    } catch (error) {
      return { listed, error };
    } finally {
      client.destroy();
    }
  });
  return { ...listing, requests };
}

test("a listing gives all that its pages hold, or fails; it never ends early, nor goes on for ever", async () => {
  const page: fc.Arbitrary<Page> = fc.record({
    keys: fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 3 }),
    truncated: fc.boolean(),
    token: fc.constantFrom(undefined, "", "a", "b", "c"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(page, { minLength: 1, maxLength: 5 }), async (pages) => {
      const pageAt = (request: number) => pages[Math.min(request, pages.length - 1)] as Page;
      const { listed, error, requests } = await list((request) => xmlOf(pageAt(request)));
      expect(requests).toBeLessThan(ENDLESS);
      const held = Array.from({ length: requests }, (_, i) => pageAt(i).keys).flat();
      expect(listed.map(({ key }) => key)).toEqual(held);
      if (error === undefined) expect(pageAt(requests - 1).truncated).toBe(false);
      else expect(s3Fault(error, "cannot list").message).toBe(SAID);
    }),
    { numRuns: 60 },
  );
}, 120_000);

const SAID = "cannot list: the store says that its list goes on, but not where (ListWithoutEnd)";

test("an answer that is anything at all is a list, or an error that people can read", async () => {
  const xml = fc.array(
    fc.constantFrom("<Contents>", "</Contents>", "<Key>", "</Key>", "k", "<ListBucketResult>", "<Size>", "x", "&#0;"),
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    xml.map((parts) => Buffer.from(parts.join(""))),
    fc.constant(Buffer.from(BOMB)),
    fc.constant(Buffer.from("<a>".repeat(50_000))),
  );
  await fc.assert(
    fc.asyncProperty(body, async (bytes) => {
      const { listed, error, requests } = await list(() => bytes);
      expect(requests).toBe(1);
      for (const { key, size, modified } of listed) {
        expect([typeof key, typeof size, Number.isFinite(modified)]).toEqual(["string", "number", true]);
      }
      // Nothing of all that says whether the list is at its end.
      expect(s3Fault(error, "cannot list").message).toMatch(/^cannot list: ./s);
    }),
    { numRuns: 60 },
  );
  const { error } = await list(() => "<html><body>Please log in</body></html>");
  expect(s3Fault(error, "cannot list").message).toBe("cannot list: the answer is no list of objects (NoList)");
}, 120_000);

/** Ten entities, each ten of the one before. */
const ENTITIES = Array.from({ length: 10 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`);
const BOMB = `<!DOCTYPE r [<!ENTITY e0 "x">${ENTITIES.join("")}]><ListBucketResult><Contents><Key>&e10;</Key></Contents></ListBucketResult>`;

test("a body that comes in any pieces, from any offset, is what it is, or an error", async () => {
  const answer = fc.record({
    content: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    cuts: fc.array(fc.nat(200), { maxLength: 5 }),
    offset: fc.nat(250),
    status: fc.constantFrom(200, 206),
    torn: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(answer, async ({ content, cuts, offset, status, torn }) => {
      const whole = Buffer.from(content);
      const sent = status === 206 ? whole.subarray(Math.min(offset, whole.length)) : whole;
      const parts: Uint8Array[] = [];
      const listener: RequestListener = (_, response) => {
        response.writeHead(status, { "content-length": sent.length + (torn ? 1 : 0) });
        for (const [i, cut] of [...cuts, sent.length].entries()) response.write(sent.subarray(cuts[i - 1] ?? 0, cut));
        if (torn) response.destroy();
        else response.end();
      };
      cuts.sort((a, b) => a - b);
      const error = await withStore(listener, async (endpoint) => {
        const options = readConnection({ endpoint, access_key_id: "a", secret_access_key: "b" });
        const client = await s3Client(options, { maxAttempts: 1 });
        try {
          const object = { bucket: "b", key: "k", etag: "" };
          for await (const part of readObject(client, object, { offset, stillMs: 5000 })) parts.push(part);
          return undefined;
        } catch (caught) {
          return caught;
        } finally {
          client.destroy();
        }
      });
      const got = Buffer.concat(parts);
      expect(whole.subarray(Math.min(offset, whole.length)).subarray(0, got.length).equals(got)).toBe(true);
      expect(error === undefined).toBe(!torn);
      if (!torn) expect(got.length).toBe(Math.max(0, whole.length - offset));
    }),
    { numRuns: 60 },
  );
}, 120_000);
