import { createConnection, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { errorText, SluiceError } from "@sluice/core";
import type { Target, TlsSettings } from "../address.ts";

const KEEPALIVE_DELAY_MS = 15_000;

/** Settings of a connection. */
export interface ConnectSettings {
  readonly target: Target;
  readonly timeout: number;
  /** Reads the certificates: anew for each connection, as they are renewed while sluice runs. */
  readonly tls?: () => Promise<TlsSettings>;
}

/** Opens a connection; resolves once it can be written to (after the TLS handshake). Rejects with a `SluiceError`. */
export async function connect({ target, timeout, tls }: ConnectSettings, signal?: AbortSignal): Promise<Socket> {
  const certificates = await tls?.().catch((error: unknown) => {
    throw unreadable(target, error);
  });
  return dial({ target, timeout, tls: certificates }, signal);
}

interface DialSettings extends Pick<ConnectSettings, "target" | "timeout"> {
  readonly tls: TlsSettings | undefined;
}

function dial({ target, timeout, tls }: DialSettings, signal?: AbortSignal): Promise<Socket> {
  const { host, port } = target;
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEPALIVE_DELAY_MS };
  const base = { host, port, noDelay: true, allowHalfOpen: true, ...keepAlive };
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = tls ? connectTls({ ...tls, ...base }) : createConnection(base);
  const fail = (error: unknown): void => {
    clearTimeout(timer);
    socket.destroy();
    reject(connectError(target, error));
  };
  const timer = setTimeout(() => fail(new Error(`no answer within ${timeout} ms`)), timeout);
  const onAbort = (): void => fail(new Error("given up"));
  signal?.addEventListener("abort", onAbort, { once: true });
  socket.once("error", fail);
  socket.once("close", () => fail(new Error("closed by the other side")));
  socket.once(tls ? "secureConnect" : "connect", () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    socket.removeAllListeners("error").removeAllListeners("close");
    resolve(socket);
  });
  return promise;
}

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "is Graylog's GELF input running and does it listen on this port?",
  ENOTFOUND: "check the host's name",
  EAI_AGAIN: "the name server does not answer",
  SELF_SIGNED_CERT_IN_CHAIN: "give the authority's certificate as tls.ca",
  DEPTH_ZERO_SELF_SIGNED_CERT: "give the certificate as tls.ca",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "give the authority's certificate as tls.ca",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "give the authority's certificate as tls.ca",
  ERR_TLS_CERT_ALTNAME_INVALID: "set tls.server_name to a name in the certificate",
  CERT_HAS_EXPIRED: "the server's certificate must be renewed",
};

function unreadable({ address }: Target, cause: unknown): SluiceError {
  return new SluiceError("SLUICE_UNREACHABLE", `cannot connect to ${address}: ${errorText(cause)}`, {
    hint: "see that the files of tls.ca, tls.cert and tls.key are there, and that sluice's user may read them",
    cause,
  });
}

function connectError(target: Target, cause: unknown): SluiceError {
  const hint = HINTS[(cause as { code?: string }).code ?? ""];
  const text = `cannot connect to ${target.address}: ${errorText(cause)}`;
  return new SluiceError("SLUICE_UNREACHABLE", text, { cause, ...(hint ? { hint } : {}) });
}
