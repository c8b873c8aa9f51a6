import { attemptAll, type Event, formatInstant, type Value } from "@sluice/core";
import type { Observation, Sample } from "../observation.ts";
import { Alert, type AlertEntry, type Change } from "./alert.ts";
import type { AlertOptions } from "./options.ts";

/** So many things may be in alarm for one alert; further ones are not looked at until some clear. */
const MOST_ENTRIES = 10_000;

interface Page {
  readonly alert: Alert;
  readonly entries: Map<string, AlertEntry>;
}

/** All alerts of a source, with what they have to remember. */
export class AlertBook {
  readonly #pages: readonly Page[];

  /** @throws ExpressionError when a condition cannot be compiled */
  constructor(alerts: readonly AlertOptions[], interval: number) {
    const made = attemptAll(alerts.map((options) => () => new Alert(options, interval)));
    this.#pages = made.map((alert) => ({ alert, entries: new Map() }));
  }

  /** Goes on from what an earlier run noted. */
  restore(stored: Value | undefined): void {
    const noted = (stored ?? {}) as Record<string, Record<string, AlertEntry> | undefined>;
    for (const { alert, entries } of this.#pages) {
      entries.clear();
      for (const [id, entry] of Object.entries(noted[alert.options.name] ?? {})) entries.set(id, { ...entry });
    }
  }

  /** What the next run has to know. */
  note(): Value {
    return Object.fromEntries(
      this.#pages
        .filter(({ entries }) => entries.size > 0)
        .map(({ alert, entries }) => [
          alert.options.name,
          Object.fromEntries([...entries].map(([id, entry]) => [id, { ...entry }])),
        ]),
    );
  }

  /** Takes a sample; returns the events of the alerts that changed. */
  take({ observations, complete }: Sample, now: number): Observation[] {
    return this.#pages.flatMap((page) => takeInto(page, observations, new Set(complete), now));
  }
}

function takeInto(
  { alert, entries }: Page,
  observations: readonly Observation[],
  complete: ReadonlySet<string>,
  now: number,
): Observation[] {
  const changed: Observation[] = [];
  const seen = new Set<string>();
  const update = (id: string, entry: AlertEntry, observation: Observation | undefined): void => {
    const change = alert.update(entry, observation?.fields, now);
    if (change) changed.push(alertEvent(alert, entry, observation, change, now));
    if (change === "cleared") alert.settle(entry, now);
    if (alert.isOver(entry, now)) entries.delete(id);
  };
  for (const observation of observations) {
    const { dataset, key, fields } = observation;
    const id = `${dataset} ${key}`;
    seen.add(id);
    const known = entries.get(id);
    if (known) update(id, known, observation);
    else if (entries.size < MOST_ENTRIES && alert.holds(fields)) {
      const entry: AlertEntry = { dataset, key, flaps: 0, level: 0 };
      entries.set(id, entry);
      update(id, entry, observation);
    }
  }
  for (const [id, entry] of entries) if (!seen.has(id) && complete.has(entry.dataset)) update(id, entry, undefined);
  return changed;
}

function alertEvent(
  { options }: Alert,
  entry: AlertEntry,
  observation: Observation | undefined,
  change: Exclude<Change, null>,
  now: number,
): Observation {
  const { dataset, key, flaps, raisedAt = now } = entry;
  const { name, when, severity } = options;
  const isRaised = change === "crossed";
  const fields: Event = {
    "event.dataset": dataset,
    ...observation?.fields,
    "event.kind": "alert",
    "event.action": `threshold_${change}`,
    "event.start": formatInstant(raisedAt),
    "rule.name": name,
    "rule.description": when,
    "sluice.alert.key": key,
    "sluice.alert.flaps": flaps,
    "log.level": isRaised ? severity : "info",
  };
  if (!isRaised) {
    fields["event.end"] = formatInstant(now);
    fields["sluice.alert.duration_ms"] = now - raisedAt;
  }
  const counted = flaps > 0 ? `, ${flaps} flap${flaps === 1 ? "" : "s"} suppressed` : "";
  const state = isRaised ? "ALERT" : `CLEARED after ${Math.round((now - raisedAt) / 1000)} s${counted}`;
  return { dataset, key, text: `${state}: ${name}: ${observation?.text ?? `${key} is gone`}`, fields };
}
