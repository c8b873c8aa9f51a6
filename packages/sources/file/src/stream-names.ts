import { hash, randomBytes } from "node:crypto";
import type { CreateContext } from "@sluice/core";
import type { Opened } from "./opening.ts";

const NEWLINE = 0x0a;

/**
 * Names streams after what they are: this source, the inode, when it was born, how often it has been emptied, and the
 * content's first line. So the events of a file have the same ids when it is read again because positions were lost. Where
 * the file system does not tell when a file was born, an inode that is used again cannot be told from what it was before:
 * there names are random.
 */
export class StreamNames {
  readonly #owner: string;

  constructor({ hostname, pipeline, name }: Pick<CreateContext, "hostname" | "pipeline" | "name">) {
    this.#owner = [hostname, pipeline, name].join("\0");
  }

  nameOf({ stat: { ino, born }, head }: Pick<Opened, "stat" | "head">, generation: number): string {
    if (born === 0) return named(randomBytes(8).toString("hex"));
    const end = head.indexOf(NEWLINE);
    const firstLine = hash("sha256", end < 0 ? head : head.subarray(0, end), "hex");
    return named(hash("sha256", [this.#owner, ino, born, generation, firstLine].join("\0"), "hex").slice(0, 16));
  }
}

function named(hex: string): string {
  return BigInt(`0x${hex}`).toString(36);
}
