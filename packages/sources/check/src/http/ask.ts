import type { ConnectionOptions } from "node:tls";
import { Client } from "undici";
import { ms, type Phases } from "../result.ts";
import { dial } from "../tcp/dial.ts";

export interface Question {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly tls: ConnectionOptions;
  /** So much of the answer is read. */
  readonly maxBody: number;
}

export interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
  /** Whether `body` is the beginning only. */
  readonly isCut: boolean;
  readonly bytes: number;
  readonly ip: string;
  readonly certificateEnd?: Date;
}

/** Asks over a connection of its own, so that each part of the time is really there. */
export async function ask(question: Question, phases: Phases, signal: AbortSignal): Promise<Answer> {
  const { url, method, headers, body, tls, maxBody } = question;
  const isSecure = url.protocol === "https:";
  const address = { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) || (isSecure ? 443 : 80) };
  const { socket, ip, certificateEnd } = await dial(address, isSecure ? tls : undefined, phases, signal);
  const client = new Client(url.origin, {
    // Not at once: the client is in the middle of asking for it.
    connect: (_options, done) => queueMicrotask(() => done(null, socket as never)),
    pipelining: 1,
  });
  try {
    const asked = performance.now();
    const sent = { "user-agent": "sluice-check", ...headers };
    const answer = await client.request({
      path: url.pathname + url.search,
      method: method as "GET",
      headers: sent,
      body: body ?? null,
      signal,
    });
    phases.firstByte = ms(asked);
    const { text, bytes } = await readBody(answer.body, maxBody);
    return {
      status: answer.statusCode,
      location: one(answer.headers["location"]),
      type: one(answer.headers["content-type"])?.split(";")[0]?.trim(),
      body: text,
      isCut: bytes >= maxBody,
      bytes,
      ip,
      ...(certificateEnd && { certificateEnd }),
    };
  } finally {
    client.destroy().catch(() => {});
    socket.destroy();
  }
}

async function readBody(body: AsyncIterable<Buffer>, most: number): Promise<{ text: string; bytes: number }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= most) break;
  }
  return { text: Buffer.concat(chunks).subarray(0, most).toString(), bytes };
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
