import type { Value } from "@sluice/core";
import type { ContainerDetails, ContainerSummary } from "../engine/containers.ts";
import { containerName } from "../logs/fields.ts";
import { compareMoments, type Moment, momentOf, readMoment } from "../time.ts";
import { type TimedEvent, timed } from "./engine-event.ts";

/** What is known of a container from its events. */
interface Known {
  readonly name: string;
  readonly image: string;
  readonly running: boolean;
  /** When it was seen to start, at the earliest. */
  readonly started: Moment;
}

const RUNNING = new Set(["start", "restart", "unpause", "pause"]);
const NEVER: Moment = { sec: 0, nanos: 0 };

/** The containers as the events so far have left them, to be compared with those that there are. */
export class KnownContainers {
  readonly #known: Map<string, Known>;
  /** Containers with events since the last comparison began: of these nothing was missed. */
  readonly #touched = new Set<string>();

  constructor(stored: Value | undefined) {
    this.#known = new Map(Object.entries((stored ?? {}) as unknown as Record<string, Known>));
  }

  stored(): Value {
    return Object.fromEntries(this.#known) as unknown as Value;
  }

  /** From now on events are noted, so that `missed` leaves their containers out. */
  beginComparison(): void {
    this.#touched.clear();
  }

  /** Takes an event into account. */
  note({ type, action, id, attributes, moment, concluded }: TimedEvent): void {
    if (type !== "container") return;
    if (!concluded) this.#touched.add(id);
    if (action === "destroy") {
      this.#known.delete(id);
      return;
    }
    const before = this.#known.get(id);
    const running = RUNNING.has(action) || (action !== "die" && (before?.running ?? false));
    const started = action === "start" ? moment : (before?.started ?? NEVER);
    this.#known.set(id, {
      name: attributes["name"] ?? before?.name ?? "",
      image: attributes["image"] ?? before?.image ?? "",
      running,
      started,
    });
  }

  /** Takes over what there is, without events; where there were some, these know better. */
  adopt(containers: readonly ContainerSummary[], now: Moment): void {
    for (const { Id: id, Names: names, Image: image, State: state } of containers) {
      if (this.#touched.has(id)) continue;
      const running = isRunning(state);
      this.#known.set(id, { name: containerName(names?.[0]), image: image ?? "", running, started: now });
    }
  }

  /**
   * The events that must have been missed, given what there is.
   * @param inspect tells more of a container; null when it is gone meanwhile
   */
  async missed(
    containers: readonly ContainerSummary[],
    inspect: (id: string) => Promise<ContainerDetails | null>,
  ): Promise<TimedEvent[]> {
    const events: TimedEvent[] = [];
    const ids = new Set(containers.map(({ Id }) => Id));
    for (const summary of containers) {
      if (this.#touched.has(summary.Id)) continue;
      const known = this.#known.get(summary.Id);
      const details = await inspect(summary.Id);
      if (details && !this.#touched.has(summary.Id)) events.push(...changes(summary, details, known));
    }
    for (const [id, { name, image }] of this.#known) {
      if (ids.has(id) || this.#touched.has(id)) continue;
      events.push(
        timed({ type: "container", action: "destroy", id, attributes: { image, name } }, momentOf(Date.now()), true),
      );
    }
    return events.toSorted((a, b) => compareMoments(a.moment, b.moment));
  }
}

function isRunning(state: string | undefined): boolean {
  return state === "running" || state === "paused" || state === "restarting";
}

function changes(summary: ContainerSummary, details: ContainerDetails, known: Known | undefined): TimedEvent[] {
  const { Id: id } = summary;
  const attributes = {
    ...details.Config?.Labels,
    image: details.Config?.Image ?? summary.Image ?? "",
    name: containerName(details.Name),
  };
  const at = (action: string, moment: Moment, more: Record<string, string> = {}) =>
    timed({ type: "container", action, id, attributes: { ...attributes, ...more } }, moment, true);
  const state = details.State ?? {};
  const [started, finished] = [readMoment(state.StartedAt), readMoment(state.FinishedAt)];
  const events: TimedEvent[] = [];
  if (!known) events.push(at("create", readMoment(details.Created) ?? momentOf((summary.Created ?? 0) * 1000)));
  const isNewRun = started !== null && compareMoments(started, known?.started ?? NEVER) > 0;
  const exitCode = { exitCode: String(state.ExitCode ?? 0) };
  if (isNewRun && known?.running && finished && compareMoments(finished, started) < 0) events.push(at("die", finished));
  if (isNewRun) events.push(at("start", started));
  if (state.Running !== true && finished && (isNewRun || known?.running)) events.push(at("die", finished, exitCode));
  return events;
}
