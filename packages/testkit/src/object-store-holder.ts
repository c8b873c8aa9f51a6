import type { ClientRequest } from "node:http";
import { type StoreAccess, signedRequest } from "./object-store-request.ts";

const TRICKLE_MS = 10_000;
const BUCKET = "held-by-the-testkit";

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
    await answered(signedRequest(store, "PUT", `/${BUCKET}`).end());
    const held = signedRequest(store, "PUT", `/${BUCKET}/held`, { "content-length": 1 << 30, expect: "100-continue" });
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

function answered(sent: ClientRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    sent.once("error", reject).once("response", (response) => {
      response.resume().once("end", resolve);
    });
  });
}
