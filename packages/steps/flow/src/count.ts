import { attemptAll, duration, type Event, formatInstant, type StepDefinition, timeZone } from "@sluice/core";
import { compileExpression } from "@sluice/expression";
import { z } from "zod";
import { eventTime } from "./event-time.ts";
import { digest, keyFields, legibleKey, listOf, setKeyFields } from "./key.ts";
import { Spans } from "./span.ts";
import { type Closed, Windows } from "./windows.ts";

const NAME = /^[a-z][a-z0-9_]*$/;

const zone = z.string().superRefine((name, ctx) => {
  try {
    timeZone(name);
  } catch (error) {
    ctx.addIssue({ code: "custom", message: (error as Error).message });
  }
});

const options = z.strictObject({
  by: keyFields
    .optional()
    .describe("Field, or list of fields: one count for each of their values; all together unless given"),
  every: duration()
    .prefault("1h")
    .refine((ms) => ms >= 1000, "count over a second at least")
    .describe("Length of a window of the events' own time; days begin at midnight"),
  where: z
    .record(z.string().regex(NAME, "names are small letters, digits and `_`"), z.string())
    .default({})
    .describe(
      "Further counts by name, with the CEL that says which events they count, e.g. `errors: 'log.level == \"error\"'`",
    ),
  timezone: zone.default("local").describe("Zone of the midnight: `local`, `UTC`, `+02:00` or `Europe/Berlin`"),
  grace: duration().prefault("1m").describe("How long a window that is over waits for events that come late"),
  keep: z.boolean().default(true).describe("Whether the counted events go on; `false` leaves the reports only"),
  max_keys: z
    .int()
    .min(10)
    .default(10_000)
    .describe(
      "Counts at a time; more keys of one window are counted together as `(other)`, older windows are reported early",
    ),
});

type CountOptions = z.output<typeof options>;

/** `count`: reports how many events there were in each window. Counts of an open window survive a restart. */
export const countStep: StepDefinition<CountOptions> = {
  kind: "step",
  type: "count",
  summary: "Counts events by key and reports each window as an event",
  options,
  spread: "single",
  create(written) {
    const fields = listOf(written.by);
    const { every, timezone, grace, max_keys: maxKeys, keep } = written;
    const where = Object.entries(written.where);
    const conditions = attemptAll(
      where.map(
        ([name, text]) =>
          () =>
            [name, compileExpression(text)] as const,
      ),
    );
    const names = ["events", ...Object.keys(written.where)];
    const windows = new Windows({ spans: new Spans(every, timezone), grace, maxKeys, names });
    const identity = JSON.stringify(written);
    return {
      reason: "counted",
      memories: windows.memories,
      apply(event, run) {
        const counted = ["events", ...conditions.filter(([, holds]) => holds(event)).map(([name]) => name)];
        const full = windows.add(eventTime(event, run.now), legibleKey(event, fields), counted, run.now);
        for (const closed of [...full, ...windows.passed()]) {
          for (const report of reports(closed, written, fields, identity)) run.flow?.emit(report);
        }
        return keep ? event : null;
      },
      tick(run, why) {
        for (const closed of windows.due(run.now, why)) {
          for (const report of reports(closed, written, fields, identity)) run.flow?.emit(report);
        }
      },
    };
  },
};

function* reports(
  { start, end, nth, counts }: Closed,
  { where }: CountOptions,
  fields: readonly string[],
  identity: string,
): Generator<Event> {
  const [from, to] = [formatInstant(start), formatInstant(end)];
  for (const [key, numbers] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const event: Event = { "@timestamp": to, message: "", "event.id": `count-${digest(identity, start, nth, key)}` };
    const label = fields.length === 0 ? "all" : setKeyFields(event, fields, key);
    const others = Object.keys(where).map((name) => `${numbers[name] ?? 0} ${name}`);
    event["message"] = `${label}: ${[`${numbers["events"] ?? 0} events`, ...others].join(", ")} from ${from} to ${to}`;
    Object.assign(event, { "event.kind": "metric", "event.action": "count", "event.start": from, "event.end": to });
    event["count.events"] = numbers["events"] ?? 0;
    for (const name of Object.keys(where)) event[`count.${name}`] = numbers[name] ?? 0;
    if (nth > 1) event["tags"] = ["_late"];
    yield event;
  }
}
