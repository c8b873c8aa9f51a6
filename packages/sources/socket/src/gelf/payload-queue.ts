import type { Buffer } from "node:buffer";
import type { Event, SourceBatch } from "@sluice/core";
import type { Inlet, Intake } from "../intake.ts";
import { GelfDecoder } from "./decode.ts";

/** Bytes of a batch. */
const BATCH = 262_144;

interface Payload {
  readonly bytes: Buffer;
  readonly fields: Event;
  readonly accepted: (() => void) | undefined;
}

export interface QueueSettings {
  /** Begins the ids of the events. */
  readonly id: string;
  readonly transport: "udp" | "tcp";
  readonly maxUnpacked: number;
  /** Whether a payload may hold several messages, one a line. */
  readonly bulk: boolean;
}

/** Messages that each came on their own, and wait to be decoded when the pipeline has room for them. */
export class PayloadQueue implements Inlet {
  readonly #settings: QueueSettings;
  readonly #intake: Intake;
  readonly #decoder: GelfDecoder;
  #waiting: Payload[] = [];
  #taken: Payload[] = [];
  /** Bytes of the payloads. */
  bytes = 0;

  constructor(settings: QueueSettings, intake: Intake) {
    this.#settings = settings;
    this.#intake = intake;
    this.#decoder = new GelfDecoder(settings.maxUnpacked);
  }

  /** @param accepted called when the pipeline has it */
  add(bytes: Buffer, peer: string, accepted?: () => void): void {
    this.#waiting.push({ bytes, fields: { "log.source.address": peer }, accepted });
    this.bytes += bytes.length;
    this.#intake.offer(this);
  }

  take(): SourceBatch | null {
    const { id, transport, bulk } = this.#settings;
    let next = 0;
    for (; next < this.#waiting.length && this.#decoder.length < BATCH; next++) {
      const { bytes, fields } = this.#waiting[next] as Payload;
      if (bulk) this.#decoder.addBulk(bytes, fields);
      else this.#decoder.add(bytes, fields);
      this.bytes -= bytes.length;
    }
    this.#taken = this.#waiting.splice(0, next);
    const records = this.#decoder.take();
    const stream = { id, fields: { "network.transport": transport } };
    return records && { ...records, stream, streamKey: "messages" };
  }

  accepted(): void {
    for (const { accepted } of this.#taken) accepted?.();
    this.#taken = [];
    if (this.#waiting.length > 0) this.#intake.offer(this);
  }
}
