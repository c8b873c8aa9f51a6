import { readFileSync } from "node:fs";
import path from "node:path";
import type { TlsOptions } from "node:tls";
import { errorText, SluiceError } from "@sluice/core";
import { z } from "zod";

/** Options of a source that takes TLS. */
export const tlsOptions = z
  .strictObject({
    cert: z.string().min(1).describe("PEM file with this side's certificate and those between it and its authority."),
    key: z.string().min(1).describe("PEM file with its key."),
    ca: z.string().min(1).optional().describe("PEM file of the authorities that sign clients' certificates."),
    client_certificates: z
      .enum(["none", "optional", "required"])
      .default("none")
      .describe("Whether clients are asked for a certificate. One that `ca` has not signed is always refused."),
    min_version: z.enum(["TLSv1.2", "TLSv1.3"]).default("TLSv1.2").describe("Oldest version of TLS to speak."),
  })
  .refine(({ ca, client_certificates }) => client_certificates === "none" || ca !== undefined, {
    message: "client_certificates needs `ca`, the authorities that sign them",
  })
  .describe("Take TLS only, with these certificates.");

export type TlsSourceOptions = z.output<typeof tlsOptions>;

/** Reads the certificates; throws SLUICE_SOURCE when one cannot be read. */
export function readTls(options: TlsSourceOptions, baseDir: string): TlsOptions {
  const { cert, key, ca, client_certificates, min_version } = options;
  const read = (file: string): Buffer => {
    try {
      return readFileSync(path.resolve(baseDir, file));
    } catch (cause) {
      const hint = "see that the file is there and that the user sluice runs as may read it";
      throw new SluiceError("SLUICE_SOURCE", `cannot read ${file}: ${errorText(cause)}`, { cause, hint });
    }
  };
  return {
    cert: read(cert),
    key: read(key),
    ...(ca !== undefined && { ca: read(ca) }),
    minVersion: min_version,
    requestCert: client_certificates !== "none",
    rejectUnauthorized: client_certificates === "required",
  };
}

/** Milliseconds between looks at the certificates' files. */
const LOOK_MS = 5000;

/** What becomes of certificates that are renewed. */
export interface CertificateWatch {
  readonly read: () => TlsOptions | undefined;
  /** Throws when they do not fit. */
  readonly use: (options: TlsOptions) => void;
  readonly tell: (what: string, error?: string) => void;
}

/**
 * Takes certificates over that are renewed while a server runs: connections from then on get the new one. What cannot be read,
 * or does not belong together because half of it is written, is told and tried again; the old one stays in use meanwhile.
 * @returns ends it
 */
export function watchCertificates(first: TlsOptions, { read, use, tell }: CertificateWatch): () => void {
  let inUse = contentOf(first);
  const look = (): void => {
    try {
      const found = read() ?? first;
      const content = contentOf(found);
      if (content === inUse) return;
      use(found);
      inUse = content;
      tell("the certificate was renewed; new connections get it");
    } catch (error) {
      tell("the renewed certificate cannot be used; the old one stays in use", errorText(error));
    }
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function contentOf({ cert, key, ca }: TlsOptions): string {
  return [cert, key, ca].map((file) => (file as Buffer | undefined)?.toString("base64")).join();
}
