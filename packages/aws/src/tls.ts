import { readFileSync } from "node:fs";
import { errorText, SluiceError } from "@sluice/core";
import type { S3Connection } from "./connection.ts";

/** What a connection trusts, for Node's TLS. Throws SLUICE_CONFIG when the CA file cannot be read. */
export function tlsOptions({ tls }: S3Connection) {
  const file = tls?.ca ?? process.env["AWS_CA_BUNDLE"];
  return { rejectUnauthorized: tls?.verify ?? true, ...(file !== undefined && file !== "" && { ca: readCa(file) }) };
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const message = `cannot read the certificate authorities in ${file}: ${errorText(cause)}`;
    throw new SluiceError("SLUICE_CONFIG", message, { hint: "see tls.ca and AWS_CA_BUNDLE", cause });
  }
}
