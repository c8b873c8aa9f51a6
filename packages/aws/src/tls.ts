import { readFileSync } from "node:fs";
import { Agent, type AgentOptions } from "node:https";
import { errorText, SluiceError } from "@sluice/core";
import type { S3Connection } from "./connection.ts";

/**
 * Connects as `tls` says. The authorities are read anew for each connection, so that renewed ones need no restart; while
 * the file cannot be read they are as they were. Throws SLUICE_CONFIG when it cannot be read at first.
 */
export function httpsAgent({ tls }: S3Connection, options: AgentOptions = {}): Agent {
  const file = tls?.ca ?? process.env["AWS_CA_BUNDLE"];
  const all = { ...options, rejectUnauthorized: tls?.verify ?? true };
  return file === undefined || file === "" ? new Agent(all) : new RenewingAgent(file, all);
}

class RenewingAgent extends Agent {
  readonly #file: string;
  #ca: Buffer;

  constructor(file: string, options: AgentOptions) {
    super(options);
    this.#file = file;
    this.#ca = readCa(file);
  }

  override createConnection(...[options, callback]: Parameters<Agent["createConnection"]>) {
    try {
      this.#ca = readFileSync(this.#file);
    } catch {
      // Perhaps it is being written at this moment.
    }
    return super.createConnection({ ...options, ca: this.#ca } as typeof options, callback);
  }
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const message = `cannot read the certificate authorities in ${file}: ${errorText(cause)}`;
    throw new SluiceError("SLUICE_CONFIG", message, { hint: "see tls.ca and AWS_CA_BUNDLE", cause });
  }
}
