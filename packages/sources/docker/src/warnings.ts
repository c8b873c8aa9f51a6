import type { Connection } from "./options.ts";

/** Says what is unsafe in a connection that was configured so. */
export function warnAboutConnection({ tls }: Connection, warn: (message: string) => void): void {
  if (tls && !tls.verify)
    warn("`tls.verify: false`: the Docker engine's certificate is not checked, anybody may answer in its place");
}
