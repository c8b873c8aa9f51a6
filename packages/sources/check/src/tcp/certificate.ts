import type { Event } from "@sluice/core";

const DAY_MS = 86_400_000;

/** Fields of a certificate's end. */
export function certificateFields(end: Date | undefined): Event {
  if (!end) return {};
  return { "tls.server.x509.not_after": end.toISOString(), "check.certificate_days_left": daysLeft(end) };
}

/** What is wrong with a certificate's end. */
export function certificateProblem(end: Date | undefined, least: number | undefined): string | undefined {
  if (!end || least === undefined || daysLeft(end) >= least) return undefined;
  return `the certificate ends in ${daysLeft(end)} days`;
}

function daysLeft(end: Date): number {
  return Math.floor((end.getTime() - Date.now()) / DAY_MS);
}
