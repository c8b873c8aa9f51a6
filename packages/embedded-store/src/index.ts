import { buildApp } from "fauxqs";

/** An object of the store. */
export interface StoredObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

export interface EmbeddedStore {
  /** Where it listens, for path-style requests. */
  readonly endpoint: string;
  readonly region: string;
  /** It takes these keys, and any other. */
  readonly accessKey: string;
  readonly secretKey: string;
  /** The objects below a prefix, in the order of their keys; 1000 at most. */
  list(bucket: string, prefix?: string): Promise<StoredObject[]>;
  /** Ends it; its objects are gone. */
  close(): Promise<void>;
}

/**
 * Starts an S3 store in this process, for demos: on the loopback, with its objects in memory. It is an emulator that
 * believes every signature and ignores conditions, so it proves nothing about delivery.
 */
export async function startEmbeddedStore(buckets: readonly string[] = []): Promise<EmbeddedStore> {
  // Not `startFauxqs`, which listens on every address of the machine.
  const app = buildApp({ logger: false });
  const endpoint = await app.listen({ host: "127.0.0.1", port: 0 });
  for (const bucket of buckets) await requireOk(await fetch(`${endpoint}/${bucket}`, { method: "PUT" }));
  return {
    endpoint,
    region: "us-east-1",
    accessKey: "embedded",
    secretKey: "embedded",
    list: async (bucket, prefix = "") => {
      const query = new URLSearchParams({ "list-type": "2", prefix });
      const response = await requireOk(await fetch(`${endpoint}/${bucket}?${query.toString()}`));
      return readListing(await response.text());
    },
    close: () => app.close(),
  };
}

async function requireOk(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw new Error(`the embedded store answered ${response.status}: ${await response.text()}`);
}

/** Reads the emulator's own form of a listing; it is no reader of XML in general. */
function readListing(xml: string): StoredObject[] {
  const rows = xml.matchAll(/<Contents><Key>([^<]*)<\/Key><Size>(\d+)<\/Size>/g);
  const objects = [...rows].map(([, key, size]) => ({ key: unescapeXml(key as string), size: Number(size) }));
  return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_all, name: string) => ENTITIES[name] as string);
}
