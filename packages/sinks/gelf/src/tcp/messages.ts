import { SluiceError } from "@sluice/core";

export const FALLS_BACK =
  "the receiver never answers the close of a connection, so deliveries cannot be confirmed: from now on messages count " +
  "as delivered once written, and those in flight are lost without notice when the receiver dies. Graylog answers; is a " +
  "proxy in between? `confirm: off` accepts this, `confirm: required` refuses it";

export const CONFIRMS_AGAIN = "the receiver answers the close of a connection now: deliveries are confirmed again";

export const TRUSTED_BROKE = "the connection broke; messages written to it may be lost, as nothing confirms them";

/** What became of a connection before its messages were confirmed. */
export function unconfirmed(address: string, what: string, cause?: unknown): SluiceError {
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  const text = `${address}: ${what}${reason}; what was not confirmed is sent again`;
  const hint = cause instanceof SluiceError ? cause.hint : undefined;
  return new SluiceError("SLUICE_UNCONFIRMED", text, { hint, ...(cause !== undefined && { cause }) });
}

/** A receiver that `confirm: required` does not accept. */
export function refusal(address: string): SluiceError {
  return new SluiceError("SLUICE_UNCONFIRMED", `${address} never answers the close of a connection`, {
    hint: "`confirm: required` needs a receiver that closes its side too, as Graylog does; is a proxy in between?",
  });
}
