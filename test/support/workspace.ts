import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

/** A directory of its own for one test, gone afterwards. */
export class Workspace implements AsyncDisposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async create(): Promise<Workspace> {
    return new Workspace(await mkdtemp(path.join(os.tmpdir(), "sluice-test-")));
  }

  path(...parts: string[]): string {
    return path.join(this.dir, ...parts);
  }

  /** Makes a directory and returns its path. */
  async directory(name: string): Promise<string> {
    await mkdir(this.path(name));
    return this.path(name);
  }

  /** Writes a file and returns its path. */
  async write(name: string, content: string | Uint8Array): Promise<string> {
    await writeFile(this.path(name), content);
    return this.path(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** A pipeline file from files to a GELF address. */
export function filesToGelf(include: string, address: string, parse = "nginx", sinkOptions = ""): string {
  return `name: test
sources:
  files: {type: file, include: ['${include}'], poll_interval: 50ms}
steps:
  - parse: ${parse}
sinks:
  graylog: {type: gelf, address: '${address}'${sinkOptions}}
`;
}
