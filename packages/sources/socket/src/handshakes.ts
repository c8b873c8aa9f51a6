import type { Socket } from "node:net";
import type { Server, TLSSocket } from "node:tls";
import { errorText } from "@sluice/core";
import { peerOf } from "./address.ts";
import type { Troubles } from "./troubles.ts";

/** Looks after the TLS handshakes of a listener: their number, their failures, and the certificates that clients show. */
export class Handshakes {
  readonly #address: string;
  readonly #maxOpen: number;
  readonly #troubles: Troubles;
  /** The TCP side of TLS connections, from before their handshake on, by the client's address. */
  readonly #raw = new Map<string, Socket>();
  /** Of these, the ones whose handshake is not over. */
  readonly #unfinished = new Set<Socket>();

  /** @param maxOpen connections at once, those included whose handshake is over */
  constructor(address: string, maxOpen: number, troubles: Troubles) {
    this.#address = address;
    this.#maxOpen = maxOpen;
    this.#troubles = troubles;
  }

  watch(server: Server): void {
    server.on("connection", (socket: Socket) => this.#begun(socket));
    server.on("tlsClientError", (error: Error, socket: Socket) => {
      const [address, peer] = [this.#address, peerOf(socket)];
      this.#troubles.note("a TLS handshake failed", { address, peer, error: errorText(error) });
      socket.destroy();
    });
  }

  /** Handshakes that are not over: what their clients send right behind them would be lost with them. */
  get open(): number {
    return this.#unfinished.size;
  }

  /** The socket below a client's TLS. */
  below(peer: string): Socket | undefined {
    return this.#raw.get(peer);
  }

  /** A handshake is over. False when the client was sent away, because it has shown a bad certificate. */
  finished(socket: TLSSocket): boolean {
    const peer = peerOf(socket);
    const below = peer !== undefined && this.#raw.get(peer);
    if (below) this.#unfinished.delete(below);
    return admits(socket, this.#troubles);
  }

  /** Ends those handshakes that are not over. */
  abandon(): void {
    for (const socket of this.#unfinished) socket.destroy();
  }

  close(): void {
    for (const socket of this.#raw.values()) socket.destroy();
  }

  #begun(socket: Socket): void {
    const peer = peerOf(socket);
    if (peer === undefined || this.#raw.size >= this.#maxOpen) {
      socket.destroy();
      return;
    }
    this.#raw.set(peer, socket);
    this.#unfinished.add(socket);
    socket.on("close", () => {
      this.#raw.delete(peer);
      this.#unfinished.delete(socket);
    });
  }
}

/** A client's certificate may be optional, but one that is shown must be good: otherwise the client is sent away. */
export function admits(socket: TLSSocket, troubles: Troubles): boolean {
  if (!socket.authorizationError || Object.keys(socket.getPeerCertificate()).length === 0) return true;
  const error = errorText(socket.authorizationError);
  troubles.note("refused a client's certificate", { peer: peerOf(socket), error });
  socket.destroy();
  return false;
}
