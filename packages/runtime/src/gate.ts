import { setMaxListeners } from "node:events";
import type { Outlet } from "./source-types.ts";

/**
 * Between a source and the pipeline behind it: open while that flows, shut while it is replaced. What the source emits in
 * between waits, so that it keeps its files and connections.
 */
export class Gate {
  #outlet: Outlet | undefined;
  #opened = Promise.withResolvers<Outlet>();
  #released = new AbortController();
  /** Emits that are under way. */
  readonly #passing = new Set<Promise<void>>();
  #ended = false;
  #refusal: Error | undefined;

  constructor() {
    this.#opened.promise.catch(() => undefined);
    setMaxListeners(0, this.#released.signal);
  }

  /** Undefined while it is shut. */
  get current(): Outlet | undefined {
    return this.#outlet;
  }

  /** Aborted when what passes is not to wait for room any more. */
  get released(): AbortSignal {
    return this.#released.signal;
  }

  /** Emits once the gate is open. */
  async pass(emit: (outlet: Outlet) => Promise<void>): Promise<void> {
    if (!this.#outlet && this.#refusal) throw this.#refusal;
    const outlet = this.#outlet ?? (await this.#opened.promise);
    const passing = emit(outlet);
    this.#passing.add(passing);
    try {
      await passing;
    } finally {
      this.#passing.delete(passing);
    }
  }

  open(outlet: Outlet): void {
    this.#released = new AbortController();
    setMaxListeners(0, this.#released.signal);
    this.#outlet = outlet;
    this.#opened.resolve(outlet);
    if (this.#ended) outlet.stream.end();
  }

  /** Shuts it for what comes; resolves when what is passing is through, without waiting for room. */
  async shut(): Promise<void> {
    const outlet = this.#outlet;
    if (!outlet) return;
    this.#outlet = undefined;
    this.#opened = Promise.withResolvers();
    this.#opened.promise.catch(() => undefined);
    this.#released.abort();
    outlet.stream.release();
    await Promise.allSettled(this.#passing);
    outlet.stream.end();
  }

  /** Makes room for whatever is passing, and for what comes. */
  release(): void {
    this.#released.abort();
    this.#outlet?.stream.release();
  }

  /** Turns away what waits before it, because it will not open again. */
  refuse(error: Error): void {
    this.#refusal = error;
    this.#opened.reject(error);
  }

  /** The source has ended. */
  end(): void {
    this.#ended = true;
    this.#outlet?.stream.end();
  }
}
