import { join } from "node:path";
import { ObjectStoreClient } from "./object-store-client.ts";
import { CephCluster } from "./object-store-cluster.ts";
import { PORTS } from "./object-store-config.ts";
import { HeldRequest } from "./object-store-holder.ts";
import type { ObjectStoreVersion } from "./object-store-programs.ts";

const MEMORY = 4 * 1024 ** 3;
const USER = "sluice";

export interface ObjectStoreOptions {
  /** Version of Ceph; 16.2 when not given. `requireObjectStore` of the same version comes first. */
  readonly version?: ObjectStoreVersion;
  /** Bytes that it holds at most, in memory. */
  readonly capacity?: number;
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
    const cluster = await CephCluster.start(options.version ?? "16.2", options.capacity ?? MEMORY);
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
    await this.admin(["user", "create", `--uid=${USER}`, `--display-name=${USER}`, "--max-buckets=0", ...keys]);
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

/** Starts an object store: see `ObjectStore.start`. */
export function startObjectStore(options?: ObjectStoreOptions): Promise<ObjectStore> {
  return ObjectStore.start(options);
}
