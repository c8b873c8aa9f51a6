import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import type { Logger } from "@sluice/core";
import type { NatsLink } from "./connect.ts";
import { isMissing, natsFault } from "./faults.ts";
import type { NewStream } from "./options.ts";

const NANOS = 1_000_000;
const RETENTION = {
  limits: RetentionPolicy.Limits,
  workqueue: RetentionPolicy.Workqueue,
  interest: RetentionPolicy.Interest,
} as const;

/** Makes a stream when it is missing. One that exists is left as it is. */
export async function ensureStream(
  link: NatsLink,
  name: string,
  settings: NewStream,
  subjects: readonly string[],
  log: Logger,
): Promise<void> {
  const { streams } = await link.manager();
  try {
    await streams.info(name);
    return;
  } catch (error) {
    if (!isMissing(error, "stream")) throw natsFault(error, `cannot look for the stream ${name}`);
  }
  try {
    await streams.add({
      name,
      subjects: settings.subjects ?? [...subjects],
      num_replicas: settings.replicas,
      storage: settings.storage === "file" ? StorageType.File : StorageType.Memory,
      retention: RETENTION[settings.retention],
      max_age: settings.max_age * NANOS,
      duplicate_window: Math.min(settings.duplicate_window, settings.max_age) * NANOS,
      // A full stream refuses what is new, and the edges keep it: nothing is lost.
      discard: DiscardPolicy.New,
      ...(settings.max_bytes !== undefined && { max_bytes: settings.max_bytes }),
    });
    log.info({ stream: name }, "made the stream");
  } catch (error) {
    throw natsFault(error, `cannot make the stream ${name}`);
  }
}
