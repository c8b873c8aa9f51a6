import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { orStopped, type Source, type SourceContext } from "@sluice/core";
import type { Place } from "./address.ts";
import { listenError } from "./errors.ts";
import { Intake, recordsIn } from "./intake.ts";
import { Listener, type ListenerSettings } from "./listener.ts";
import { newStreamId } from "./stream-id.ts";

/** Milliseconds that the pipeline may take for the last records once it has to take them at once. */
const LAST_MS = 900;
/** Why records are lost that the pipeline had no more time for: nobody has them any more. */
const GIVEN_UP = "given_up";

/** Settings of a source over connections; those of its listener, but for what only a run knows. */
export interface StreamSettings extends Omit<ListenerSettings, "id"> {
  readonly name: string;
}

/** A source that takes connections. */
export class StreamSource implements Source {
  readonly lingers: number;
  readonly #settings: StreamSettings;

  constructor(settings: StreamSettings) {
    this.#settings = settings;
    this.lingers = settings.drainTimeout > 0 ? Number.POSITIVE_INFINITY : 0;
  }

  async run(ctx: SourceContext): Promise<void> {
    const { name, address } = this.#settings;
    const intake = new Intake(ctx);
    const listener = new Listener({ ...this.#settings, id: newStreamId(name) }, intake, ctx);
    try {
      const port = await listener.open();
      ctx.log.info({ source: name, address, port }, "listening");
      const handingOn = intake.run();
      await orStopped(Promise.race([handingOn, ctx.finite ? over(listener, ctx) : never()]), ctx.stop);
      await Promise.race([handingOn, listener.finish()]);
      listener.close();
      intake.end();
      await Promise.race([handingOn, rest(LAST_MS)]);
    } finally {
      listener.close();
      const left = (intake.refused ? recordsIn(intake.refused) : 0) + listener.forgetRest();
      if (left > 0) ctx.lost(GIVEN_UP, left);
    }
  }

  async check(): Promise<void> {
    const { place, address, readTls } = this.#settings;
    readTls();
    await tryToListen(place, address);
  }
}

/** Resolves when the first connections of a finite run have all come and gone. */
async function over(listener: Listener, ctx: SourceContext): Promise<void> {
  while (!listener.isOver && !ctx.stop.aborted) await rest(20);
}

function never(): Promise<never> {
  return new Promise(() => {});
}

/** Waits, and keeps no process alive. */
async function rest(ms: number): Promise<void> {
  await sleep(ms, undefined, { ref: false });
}

/** Throws SLUICE_SOURCE when nobody can listen there. */
export async function tryToListen(place: Place, address: string): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ ...place }, resolve);
    });
  } catch (error) {
    throw listenError(address, error);
  } finally {
    server.close();
  }
}
