import { errorText, SluiceError } from "@sluice/core";

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program, or another source, listens there already",
  EACCES: "ports below 1024 need root or the capability CAP_NET_BIND_SERVICE; use a higher one",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "check the host's name",
};

/** Why a source cannot listen, with what to do about it. */
export function listenError(address: string, cause: unknown): SluiceError {
  const hint = HINTS[(cause as { code?: string }).code ?? ""];
  return new SluiceError("SLUICE_SOURCE", `cannot listen on ${address}: ${errorText(cause)}`, { cause, hint });
}
