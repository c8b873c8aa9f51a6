import { join } from "node:path";
import { ObjectStoreClient } from "./object-store-client.ts";
import { CephCluster } from "./object-store-cluster.ts";
import { KMS_KEY, PORTS } from "./object-store-config.ts";
import { HeldRequest } from "./object-store-holder.ts";
import type { ObjectStoreVersion } from "./object-store-programs.ts";
import { sendSigned } from "./object-store-request.ts";

const MEMORY = 4 * 1024 ** 3;
const USER = "sluice";

export interface ObjectStoreOptions {
  /** Version of Ceph; 16.2 when not given. `requireObjectStore` of the same version comes first. */
  readonly version?: ObjectStoreVersion;
  /** Bytes that it holds at most, in memory. */
  readonly capacity?: number;
  /** Has a token service, for roles; it then answers wrong keys with AccessDenied. */
  readonly tokens?: boolean;
}

/** What the store takes into each bucket. */
export interface ObjectStoreQuota {
  readonly objects?: number;
  readonly bytes?: number;
}

/**
 * A real S3 store, Ceph's gateway, on an address of the loopback network that is its own. It keeps its objects in
 * memory until `stop`, also while the gateway is killed. Several can run at once.
 */
export class ObjectStore implements AsyncDisposable {
  readonly version: ObjectStoreVersion;
  /** The address without encryption, to be used with path-style requests. */
  readonly endpoint: string;
  readonly tlsEndpoint: string;
  /** File of the certificate that `tlsEndpoint` shows, to be trusted by clients. */
  readonly ca: string;
  readonly region = "us-east-1";
  readonly accessKey = "AKIASLUICETESTSTORE0";
  /** A key for server-side encryption by `aws:kms`. */
  readonly kmsKey = KMS_KEY;
  readonly secretKey = "sluiceteststoresecret0000000000000000000";
  /** Another client than the one that sluice uses, to look at what the store holds. */
  readonly client: ObjectStoreClient;
  readonly #cluster: CephCluster;
  #held: HeldRequest | null = null;

  private constructor(cluster: CephCluster) {
    const { address, dir } = cluster.place;
    this.#cluster = cluster;
    this.version = cluster.version;
    this.endpoint = `http://${address}:${PORTS.http}`;
    this.tlsEndpoint = `https://${address}:${PORTS.https}`;
    this.ca = join(dir, "cert.pem");
    this.client = new ObjectStoreClient(this, join(dir, "s3cmd.conf"));
  }

  /** Starts one; takes 1 to 5 s. Whoever starts it stops it, else it ends with the test process. */
  static async start(options: ObjectStoreOptions = {}): Promise<ObjectStore> {
    const cluster = await CephCluster.start(options.version ?? "16.2", {
      capacity: options.capacity ?? MEMORY,
      tokens: options.tokens ?? false,
    });
    const store = new ObjectStore(cluster);
    try {
      await Promise.all([store.client.configure(), store.#createUser()]);
      await cluster.startGateway();
    } catch (error) {
      await store.stop();
      throw error;
    }
    return store;
  }

  async #createUser(): Promise<void> {
    const keys = [`--access-key=${this.accessKey}`, `--secret-key=${this.secretKey}`];
    const create = ["user", "create", `--uid=${USER}`, `--display-name=${USER}`, "--max-buckets=0", ...keys];
    // The cluster is new: a user that is there already was made by a run of it that crashed at its end.
    await this.admin(create).catch((error) => {
      if (!String(error).includes(`user: ${USER} exists`)) throw error;
    });
  }

  /** The variables that the AWS SDK and its tools read for region and keys. */
  environment(): Record<string, string> {
    return {
      AWS_ACCESS_KEY_ID: this.accessKey,
      AWS_SECRET_ACCESS_KEY: this.secretKey,
      AWS_REGION: this.region,
      AWS_EC2_METADATA_DISABLED: "true",
    };
  }

  /** From now on every request is answered with 503 SlowDown. */
  async slowDown(): Promise<void> {
    // The gateway knows no limit of zero: one request takes the only place that there is.
    this.#held ??= await HeldRequest.start(this);
    await this.#limitRequests(1);
  }

  /** Takes requests again after `slowDown`. */
  async speedUp(): Promise<void> {
    await this.#limitRequests(0);
    this.#letGo();
  }

  #letGo(): void {
    this.#held?.release();
    this.#held = null;
  }

  /** Answers 503 SlowDown to requests beyond so many at a time; 0 for no limit. */
  async #limitRequests(concurrent: number): Promise<void> {
    await this.#cluster.run("ceph", [
      "daemon",
      "client.rgw",
      "config",
      "set",
      "rgw_max_concurrent_requests",
      `${concurrent}`,
    ]);
  }

  /** The gateway does not answer any more, and keeps its connections open. */
  async hang(): Promise<void> {
    await this.#cluster.stopGateway();
  }

  /** Goes on after `hang`, with the requests that came meanwhile too. */
  resume(): void {
    this.#cluster.continueGateway();
  }

  /** Refuses what is beyond the limit (403 QuotaExceeded); null lifts it. */
  async quota(limit: ObjectStoreQuota | null): Promise<void> {
    const scope = ["--quota-scope=bucket", `--uid=${USER}`];
    if (limit) {
      const sizes = [`--max-objects=${limit.objects ?? -1}`, `--max-size=${limit.bytes ?? -1}`];
      await this.admin(["quota", "set", ...scope, ...sizes]);
    }
    await this.admin(["quota", limit ? "enable" : "disable", ...scope]);
  }

  /** Refuses its user (403 UserSuspended). */
  async suspend(): Promise<void> {
    await this.admin(["user", "suspend", `--uid=${USER}`]);
  }

  /** Takes its user again after `suspend`. */
  async enable(): Promise<void> {
    await this.admin(["user", "enable", `--uid=${USER}`]);
  }

  /** The gateway dies at once, and forgets `slowDown`; what it has acknowledged is kept. */
  async kill(): Promise<void> {
    this.#letGo();
    await this.#cluster.killGateway();
  }

  /** Starts the gateway again after `kill`, under the same address. */
  async restart(): Promise<void> {
    await this.#cluster.startGateway();
  }

  /** The tags of an object. */
  async tags(bucket: string, key: string): Promise<Record<string, string>> {
    const path = `/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}?tagging`;
    const xml = await sendSigned(this, "GET", path);
    const tags = xml.matchAll(/<Key>(.*?)<\/Key><Value>(.*?)<\/Value>/g);
    return Object.fromEntries([...tags].map(([, name, value]) => [name, value?.replaceAll("&amp;", "&")]));
  }

  /** Adds a storage class. It is there from the next `restart` on. */
  async addStorageClass(name: string): Promise<void> {
    const place = ["--placement-id=default-placement", `--storage-class=${name}`];
    await this.admin(["zonegroup", "placement", "add", "--rgw-zonegroup=default", ...place]);
    await this.admin(["zone", "placement", "add", "--rgw-zone=default", ...place, "--data-pool=default.rgw.cold"]);
  }

  /** Makes a role that may do anything in S3, and that its user may assume, or nobody; returns its ARN. */
  async makeRole(name: string, trusted = true): Promise<string> {
    const trust = trusting(trusted ? USER : "nobody");
    await this.admin(["role", "create", `--role-name=${name}`, `--assume-role-policy-doc=${trust}`]);
    const rights = policy({ Resource: "arn:aws:s3:::*", Action: "s3:*" });
    await this.admin(["role-policy", "put", `--role-name=${name}`, "--policy-name=all", `--policy-doc=${rights}`]);
    return `arn:aws:iam:::role/${name}`;
  }

  /** Lets its user assume a role from now on. */
  async trustRole(name: string): Promise<void> {
    await this.admin(["role", "modify", `--role-name=${name}`, `--assume-role-policy-doc=${trusting(USER)}`]);
  }

  /** Runs `radosgw-admin` and gives its output. */
  admin(args: readonly string[]): Promise<string> {
    return this.#cluster.run("radosgw-admin", args);
  }

  /** Ends it; its objects are gone. */
  async stop(): Promise<void> {
    this.#letGo();
    await this.#cluster.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function trusting(user: string): string {
  return policy({ Principal: { AWS: [`arn:aws:iam:::user/${user}`] }, Action: ["sts:AssumeRole"] });
}

function policy(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
}

/** Starts an object store: see `ObjectStore.start`. */
export function startObjectStore(options?: ObjectStoreOptions): Promise<ObjectStore> {
  return ObjectStore.start(options);
}
