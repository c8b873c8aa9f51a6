import { SluiceError } from "@sluice/core";
import { listenHttp } from "./http.ts";
import { type ReceiverCounts, Sorter } from "./sorter.ts";
import { listenStream } from "./stream.ts";
import { listenUdp } from "./udp.ts";

/** What arrived: GELF messages as parsed JSON, or lines as `{message}`. */
export type ReceivedMessage = Readonly<Record<string, unknown>>;

export interface ReceiverOptions {
  readonly kind: "gelf" | "lines";
  /** `tcp://HOST:PORT`, `tls://…`, `udp://…`, or for GELF `http://…/gelf`; port 0 takes a free one. */
  readonly listen: string;
  /** Gets messages in batches, in the order of arrival. */
  readonly onMessages?: (messages: readonly ReceivedMessage[]) => void;
  /** Gets the bytes of each message instead, not parsed; they are only valid during the call. */
  readonly onFrames?: (frames: readonly Buffer[]) => void;
  /** Gets what could not be read, in words. */
  readonly onProblem?: (problem: string) => void;
  /** PEM certificate and key for `tls://`. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
}

export interface Receiver {
  /** Where it listens, with the port it got. */
  readonly address: string;
  readonly counts: Readonly<ReceiverCounts>;
  /** Stops listening and ends all connections. */
  close(): Promise<void>;
}

/** What a transport hands back. */
export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens for messages; resolves once it can be sent to. */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const url = parseListen(options);
  const sorter = new Sorter(options);
  const place = { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) };
  const scheme = url.protocol;
  const listener =
    scheme === "udp:"
      ? await listenUdp(place, sorter)
      : scheme === "http:"
        ? await listenHttp({ ...place, path: url.pathname === "/" ? "/gelf" : url.pathname }, sorter)
        : await listenStream({ ...place, ...(scheme === "tls:" && options.tls ? { tls: options.tls } : {}) }, sorter);
  const path = scheme === "http:" ? (url.pathname === "/" ? "/gelf" : url.pathname) : "";
  return {
    address: `${scheme}//${url.hostname}:${listener.port}${path}`,
    counts: sorter.counts,
    close: () => listener.close(),
  };
}

function parseListen({ listen, kind, tls }: ReceiverOptions): URL {
  const url = URL.canParse(listen) ? new URL(listen) : undefined;
  const schemes = kind === "gelf" ? ["tcp:", "tls:", "udp:", "http:"] : ["tcp:", "tls:", "udp:"];
  if (!url || url.hostname === "" || url.port === "" || !schemes.includes(url.protocol)) {
    throw new SluiceError("SLUICE_USAGE", `cannot listen for ${kind} on "${listen}"`, {
      hint: `write ${schemes.map((scheme) => `${scheme}//127.0.0.1:12201`).join(" or ")}`,
    });
  }
  if (url.protocol === "tls:" && !tls) {
    throw new SluiceError("SLUICE_USAGE", "tls:// needs a certificate and its key", {
      hint: "--cert FILE --key FILE",
    });
  }
  return url;
}
