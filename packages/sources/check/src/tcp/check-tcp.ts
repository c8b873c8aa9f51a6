import type { Event } from "@sluice/core";
import { type CheckRun, problemOf } from "../check-sampler.ts";
import type { TargetOptions } from "../options.ts";
import type { Finding, Phases } from "../result.ts";
import { certificateFields, certificateProblem } from "./certificate.ts";
import { dial, tlsSettings } from "./dial.ts";

/** Whether a port takes connections, and completes a TLS handshake where that is wanted. */
export async function checkTcp(target: TargetOptions, address: string, run: CheckRun): Promise<Finding> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  const port = Number(address.slice(at + 1));
  const { tls, certificate_days } = target;
  const speaksTls = tls !== undefined && tls !== false;
  const label = target.name === undefined ? address : `${target.name} (${address})`;
  const phases: Phases = {};
  const fields: Event = {
    "url.full": `${speaksTls ? "tls" : "tcp"}://${address}`,
    "url.scheme": speaksTls ? "tls" : "tcp",
    "url.domain": host,
    "url.port": port,
  };
  const said = { success: `Connection to ${label} successful`, failure: `Could not connect to ${label}`, phases };
  try {
    const dialled = await dial({ host, port }, speaksTls ? await tlsSettings(tls, run) : undefined, phases, run.signal);
    dialled.socket.destroy();
    const problem = certificateProblem(dialled.certificateEnd, certificate_days);
    const seen = { ...fields, "monitor.ip": dialled.ip, ...certificateFields(dialled.certificateEnd) };
    return { ...said, fields: seen, ...(problem !== undefined && { problem }) };
  } catch (error) {
    return { ...said, fields, problem: problemOf(error, run) };
  }
}
