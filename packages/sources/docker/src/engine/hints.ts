const AUTHORITY = "is `tls.ca` the certificate of the authority that signed the engine's?";
const OTHER_NAME = "write in `host` a name or an address that is in the engine's certificate";

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: "is Docker running, and is its socket mounted here?",
  ECONNREFUSED: "is Docker running?",
  EACCES: "sluice's user needs the socket's group (often `docker`), or a read-only proxy: see docs/docker-socket.md",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID: OTHER_NAME,
  EPROTO: "does the engine speak TLS at this port (usually 2376)?",
};

/** How an engine ends connections whose certificate it does not accept: what it says of that is lost on the way. */
const ENDED: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);
const OWN_CERTIFICATE =
  "does the engine ask for a certificate (`--tlsverify`)? Then `tls.cert` and `tls.key` must be signed by its authority";

/** What to do when no connection comes about, or it ends before an answer; undefined when there is nothing to say. */
export function connectionHint(code: string | undefined, isTls: boolean): string | undefined {
  if (isTls && ENDED.has(code ?? "")) return OWN_CERTIFICATE;
  return HINTS[code ?? ""];
}

/** What to do about an answer that is no engine's. */
export function answerHint(text: string): string | undefined {
  return /HTTPS server/.test(text)
    ? "the engine speaks TLS at this port: set `tls.ca`, `tls.cert` and `tls.key`"
    : undefined;
}
