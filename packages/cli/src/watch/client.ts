import { httpUrl } from "@sluice/admin/address";
import { SluiceError } from "@sluice/core";
import { type HttpOptions, httpSettings } from "../http.ts";

/** A running sluice, asked over its HTTP side. */
export class SluiceClient {
  readonly url: string;
  readonly #headers: Record<string, string>;

  /** Throws SLUICE_USAGE when the options name no address. */
  constructor(options: HttpOptions) {
    const settings = httpSettings(options);
    if (!settings) throw new SluiceError("SLUICE_USAGE", "--http off: there is nobody to ask");
    this.url = httpUrl(settings.address);
    this.#headers = settings.token ? { authorization: `Bearer ${settings.token}` } : {};
  }

  /** The body of an answer. Throws SLUICE_UNREACHABLE when nobody answers, SLUICE_USAGE when it refuses. */
  async open(path: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#get(path, signal);
    if (response.ok && response.body) return response.body as ReadableStream<Uint8Array>;
    const { error, hint } = (await response.json().catch(() => ({}))) as { error?: string; hint?: string };
    const text = error ?? `it answers ${response.status}`;
    throw new SluiceError("SLUICE_USAGE", `${this.url}: ${text}`, { hint: hint ?? hintFor(response.status) });
  }

  async json<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await new Response(await this.open(path, signal)).json()) as T;
  }

  async #get(path: string, signal: AbortSignal | undefined): Promise<Response> {
    try {
      return await fetch(this.url + path, { headers: this.#headers, ...(signal && { signal }) });
    } catch (error) {
      signal?.throwIfAborted();
      const { cause = error } = error as { cause?: unknown };
      const { code, message } = cause as { code?: string; message?: string };
      throw new SluiceError("SLUICE_UNREACHABLE", `no sluice answers at ${this.url}: ${code ?? message}`, {
        hint: "start one with `sluice run`, or name its address with --http",
        cause,
      });
    }
  }
}

function hintFor(status: number): string | undefined {
  return status === 401 ? "set SLUICE_HTTP_TOKEN to the token of that sluice, or name its file" : undefined;
}

/** The lines of a text that arrives in pieces. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() as string;
    yield* lines;
  }
}
