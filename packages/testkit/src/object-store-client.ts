import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { findProgram } from "./debian.ts";
import type { StoreAccess } from "./object-store-request.ts";

const execute = promisify(execFile);

/** A client of an object store that shares nothing with the SDK that sluice uses: Debian's s3cmd. */
export class ObjectStoreClient {
  readonly #store: StoreAccess;
  readonly #config: string;

  /** `config` is a file that it may write. */
  constructor(store: StoreAccess, config: string) {
    this.#store = store;
    this.#config = config;
  }

  /** Writes its configuration; comes before everything else. */
  async configure(): Promise<void> {
    const { host } = new URL(this.#store.endpoint);
    const keys = `access_key = ${this.#store.accessKey}\nsecret_key = ${this.#store.secretKey}`;
    const text = `[default]\n${keys}\nhost_base = ${host}\nhost_bucket = ${host}\nuse_https = False\nuse_http_expect = True\n`;
    await writeFile(this.#config, text, { mode: 0o600 });
  }

  /** Makes a bucket. */
  async makeBucket(bucket: string): Promise<void> {
    await this.#run(["mb", `s3://${bucket}`]);
  }

  /** Keys and sizes of the objects below a prefix, in the order of their keys. */
  async list(bucket: string, prefix = ""): Promise<{ key: string; size: number }[]> {
    const lines = await this.#run(["ls", "--recursive", `s3://${bucket}/${prefix}`]);
    const rows = lines.matchAll(/^\S+ +\S+ +(\d+) +s3:\/\/[^/]+\/(.+)$/gm);
    return [...rows].map(([, size, key]) => ({ key: key as string, size: Number(size) }));
  }

  /** Uploads that were begun and neither completed nor aborted. */
  async openUploads(bucket: string): Promise<{ key: string; id: string }[]> {
    const lines = await this.#run(["multipart", `s3://${bucket}`]);
    const rows = lines.matchAll(/\ts3:\/\/[^/]+\/(.+)\t(\S+)$/gm);
    return [...rows].map(([, key, id]) => ({ key: key as string, id: id as string }));
  }

  /** Copies every object below a prefix into a directory, under its key. */
  async download(bucket: string, dir: string, prefix = ""): Promise<void> {
    await mkdir(dir, { recursive: true });
    await this.#run(["get", "--recursive", "--force", `s3://${bucket}/${prefix}`, `${dir}/`]);
  }

  /** Uploads a file. */
  async put(file: string, bucket: string, key: string): Promise<void> {
    await this.#run(["put", file, `s3://${bucket}/${key}`]);
  }

  /** Removes every object below a prefix. */
  async remove(bucket: string, prefix = ""): Promise<void> {
    await this.#run(["del", "--recursive", "--force", `s3://${bucket}/${prefix}`]);
  }

  async #run(args: readonly string[]): Promise<string> {
    const command = findProgram("s3cmd") ?? "s3cmd";
    const options = ["--config", this.#config, "--no-progress", "--no-check-md5"];
    const { stdout } = await execute(command, [...options, ...args], { maxBuffer: 256 * 1024 * 1024 });
    return stdout;
  }
}
