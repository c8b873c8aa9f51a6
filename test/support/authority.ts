import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** PEM files of a certificate and its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** An authority that signs certificates for 127.0.0.1 and localhost. Needs `openssl` and `faketime`. */
export class Authority {
  readonly #dir: string;
  #signed = 0;

  /** @param dir made for its files */
  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir);
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key"];
    this.#run("openssl", "req", "-x509", ...key, "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "3");
  }

  get ca(): string {
    return join(this.#dir, "ca.pem");
  }

  /** A new key and a certificate for it that is valid for so many seconds from now. */
  sign(seconds: number): CertificateFiles {
    const name = `server-${++this.#signed}`;
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", `${name}.key`];
    this.#run("openssl", "req", ...key, "-out", `${name}.csr`, "-subj", "/CN=localhost");
    this.#run("sh", "-c", "printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > extensions");
    // openssl counts in days: it is made to believe that it is this much later than a day ago.
    const from = new Date(Date.now() - 86_400_000 + seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
    const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1", "-extfile", "extensions"];
    const request = ["openssl", "x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`];
    this.#run("env", "TZ=UTC", "faketime", from, ...request, ...signing);
    return { cert: join(this.#dir, `${name}.pem`), key: join(this.#dir, `${name}.key`) };
  }

  #run(command: string, ...args: readonly string[]): void {
    execFileSync(command, args, { cwd: this.#dir, stdio: "pipe" });
  }
}
