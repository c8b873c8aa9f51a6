import { duration, type Event, formatInstant, Memory, type StepDefinition } from "@sluice/core";
import { z } from "zod";
import { eventTime } from "./event-time.ts";
import { digest, keyFields, legibleKey, listOf, setKeyFields } from "./key.ts";
import { Spans } from "./span.ts";
import { type Closed, Windows } from "./windows.ts";

const RATE = /^(\d+)\s*\/\s*(s|m|h|d)$/;
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const options = z.strictObject({
  rate: z
    .string()
    .regex(RATE, "write a whole number and a unit, like `100/s`, `20/m` or `5/h`")
    .refine((text) => Number.parseInt(text, 10) > 0, "must be more than 0: `drop` lets nothing pass")
    .meta({ examples: ["100/s", "20/m"] })
    .describe("Events of a key that pass in each second, minute, hour or day of the events' own time"),
  key: keyFields
    .optional()
    .describe("Field, or list of fields: each of their values has a rate of its own; one for all unless given"),
  notice: duration()
    .prefault("1m")
    .refine((ms) => ms >= 1000, "a second at least")
    .describe("Over which time suppressed events are told of together, as one event for each key"),
  max_keys: z
    .int()
    .min(10)
    .default(10_000)
    .describe("Keys to remember; the one not seen for longest makes room, and is counted as `throttle_evicted`"),
});

type ThrottleOptions = z.output<typeof options>;

/** How long a notice waits for late events. */
const GRACE_MS = 2000;

/** `throttle`: passes so many events of a key in each unit of time, and says how many it suppressed. */
export const throttleStep: StepDefinition<ThrottleOptions> = {
  kind: "step",
  type: "throttle",
  summary: "Limits the rate of events by key, and tells how many it suppressed",
  options,
  spread: "single",
  again: true,
  create(written) {
    const [, number, unit] = RATE.exec(written.rate) as unknown as [string, string, string];
    const [limit, length] = [Number(number), UNITS[unit] as number];
    const fields = listOf(written.key);
    const passed = new Memory<number>({ max: written.max_keys });
    const spans = new Spans(Math.max(written.notice, length), "UTC");
    const suppressed = new Windows({ spans, grace: GRACE_MS, maxKeys: written.max_keys, names: ["events"] });
    const identity = JSON.stringify(written);
    return {
      reason: "throttle",
      memories: { passed, ...suppressed.memories },
      apply(event, run) {
        const time = eventTime(event, run.now);
        const key = legibleKey(event, fields);
        const slot = Math.floor(time / length);
        const name = `${slot} ${digest(key)}`;
        const isFree = (passed.get(name) ?? 0) < limit;
        if (isFree) passed.add(name, 1, Math.max(run.now, time) + 2 * length);
        suppressed.observe(time, run.now);
        const closed = suppressed.passed();
        if (!isFree) closed.push(...suppressed.add(time, key, ["events"], run.now));
        for (const one of closed) for (const notice of notices(one, written, fields, identity)) run.flow?.emit(notice);
        return isFree ? event : null;
      },
      tick(run, why) {
        for (const one of suppressed.due(run.now, why)) {
          for (const notice of notices(one, written, fields, identity)) run.flow?.emit(notice);
        }
      },
    };
  },
};

function* notices(
  { start, end, nth, counts }: Closed,
  { rate }: ThrottleOptions,
  fields: readonly string[],
  identity: string,
): Generator<Event> {
  for (const [key, numbers] of counts) {
    const n = numbers["events"] ?? 0;
    const event: Event = {
      "@timestamp": formatInstant(end),
      message: "",
      "event.id": `throttle-${digest(identity, start, nth, key)}`,
    };
    const label = fields.length === 0 ? "" : ` of ${setKeyFields(event, fields, key)}`;
    event["message"] = `${n} events${label} were suppressed: more than ${rate}`;
    Object.assign(event, { "event.kind": "event", "event.action": "events_suppressed", "rule.name": "throttle" });
    Object.assign(event, { "event.start": formatInstant(start), "event.end": formatInstant(end), "log.level": "warn" });
    event["throttle.suppressed"] = n;
    yield event;
  }
}
