import { createHmac } from "node:crypto";
import { type ClientRequest, request } from "node:http";

export interface StoreAccess {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/**
 * A request with the signature of version 2 in its address, the shortest that the gateway understands. The path is
 * encoded, and may end with a subresource, e.g. `?tagging`.
 */
export function signedRequest(
  store: StoreAccess,
  method: string,
  path: string,
  headers: Record<string, string | number> = {},
): ClientRequest {
  const expires = Math.floor(Date.now() / 1000) + 3600;
  const signature = createHmac("sha1", store.secretKey).update(`${method}\n\n\n${expires}\n${path}`).digest("base64");
  const query = new URLSearchParams({ AWSAccessKeyId: store.accessKey, Expires: `${expires}`, Signature: signature });
  return request(`${store.endpoint}${path}${path.includes("?") ? "&" : "?"}${query.toString()}`, { method, headers });
}

/** Sends it, and gives the body of a 200. */
export async function sendSigned(store: StoreAccess, method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = signedRequest(store, method, path).once("error", reject);
    sent.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${response.statusCode}: ${text}`));
      });
    });
    sent.end();
  });
}
