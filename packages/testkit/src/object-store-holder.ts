import { createHmac } from "node:crypto";
import { type ClientRequest, request } from "node:http";

const TRICKLE_MS = 10_000;
const BUCKET = "held-by-the-testkit";

export interface StoreAccess {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** A request that the gateway is busy with until it is let go: an upload whose body never ends. */
export class HeldRequest {
  readonly #request: ClientRequest;
  readonly #timer: NodeJS.Timeout;

  private constructor(held: ClientRequest) {
    this.#request = held;
    // The gateway drops a body that stands still for 65 s.
    this.#timer = setInterval(() => held.write("x"), TRICKLE_MS).unref();
  }

  /** Resolves when the gateway works on it. */
  static async start(store: StoreAccess): Promise<HeldRequest> {
    await answered(signedPut(store, `/${BUCKET}`).end());
    const held = signedPut(store, `/${BUCKET}/held`, { "content-length": 1 << 30, expect: "100-continue" });
    held.flushHeaders();
    await new Promise<void>((resolve, reject) => {
      held.once("continue", resolve).once("error", reject);
      held.once("response", (response) => reject(new Error(`the store answered ${response.statusCode}`)));
    });
    held.on("error", () => {});
    return new HeldRequest(held);
  }

  /** Ends it. */
  release(): void {
    clearInterval(this.#timer);
    this.#request.destroy();
  }
}

/** A PUT with the signature of version 2 in its address, the shortest that the gateway understands. */
function signedPut(store: StoreAccess, path: string, headers: Record<string, string | number> = {}): ClientRequest {
  const expires = Math.floor(Date.now() / 1000) + 3600;
  const signature = createHmac("sha1", store.secretKey).update(`PUT\n\n\n${expires}\n${path}`).digest("base64");
  const query = new URLSearchParams({ AWSAccessKeyId: store.accessKey, Expires: `${expires}`, Signature: signature });
  return request(`${store.endpoint}${path}?${query.toString()}`, { method: "PUT", headers });
}

function answered(sent: ClientRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    sent.once("error", reject).once("response", (response) => {
      response.resume().once("end", resolve);
    });
  });
}
