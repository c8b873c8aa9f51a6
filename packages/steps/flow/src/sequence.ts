import { duration, type Event, Memory, type StepDefinition, type StepRun, type Value } from "@sluice/core";
import { z } from "zod";
import { digest, keyFields, legibleKey, listOf, setKeyFields } from "./key.ts";
import { type Finding, type Series, step } from "./series.ts";

const options = z.strictObject({
  field: z.string().min(1).describe("Field with the number, which grows by one from event to event"),
  key: keyFields
    .optional()
    .describe(
      "Field, or list of fields: each of their values has numbers of its own; one series for each stream (file, connection) unless given",
    ),
  wait: duration()
    .prefault("0s")
    .describe("How long a missing number may come late before the gap is told; the disorder is told at once"),
  max_keys: z
    .int()
    .min(1)
    .default(10_000)
    .describe("Series to remember; the one not seen for longest makes room, and is counted as `sequence_evicted`"),
});

type SequenceOptions = z.output<typeof options>;

/** How long the last number of a series is kept. */
const KEEP_MS = 30 * 86_400_000;

/** `sequence`: tells of missing, repeated and disordered numbers. The last numbers survive a restart. */
export const sequenceStep: StepDefinition<SequenceOptions> = {
  kind: "step",
  type: "sequence",
  summary: "Tells of gaps, repeats and disorder in numbers that should grow by one",
  options,
  spread: "single",
  create({ field, key, wait, max_keys: max }) {
    const fields = listOf(key);
    const series = new Memory<Series>({ max });
    const tell = (name: string, finding: Finding, cause: Value, time: Value, run: StepRun) =>
      run.flow?.emit(findingEvent(finding, { name, fields, cause: JSON.stringify(cause), time }));
    return {
      memories: { series },
      apply(event, run) {
        const number = wholeNumber(event[field]);
        if (number === undefined) return event;
        const name = fields.length > 0 ? legibleKey(event, fields) : JSON.stringify([run.flow?.stream ?? ""]);
        const { next, findings } = step(series.get(name), number, run.now, wait);
        series.set(name, next, run.now + KEEP_MS);
        const cause = event["event.id"] ?? number;
        for (const finding of findings) tell(name, finding, cause, event["@timestamp"] ?? "", run);
        return event;
      },
      tick(run, why) {
        if (wait === 0 || why === "pressure") return;
        for (const [name, one] of series.entries()) {
          const due = one.missing.filter((gap) => !gap.told && (why === "end" || run.now - gap.since >= wait));
          if (due.length === 0) continue;
          const missing = one.missing.map((gap) => (due.includes(gap) ? { ...gap, told: true } : gap));
          series.set(name, { ...one, missing }, run.now + KEEP_MS);
          for (const { from, to, since } of due) {
            const finding: Finding = { kind: "gap", from, to, number: to + 1 };
            tell(name, finding, `${from}-${to}`, new Date(since).toISOString(), run);
          }
        }
      },
    };
  },
};

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

const TEXTS: Readonly<Record<Finding["kind"], (finding: Finding) => string>> = {
  gap: ({ from, to }) => (from === to ? `number ${from} is missing` : `numbers ${from} to ${to} are missing`),
  repeat: ({ number }) => `number ${number} came again`,
  out_of_order: ({ number, to }) => `number ${number} came after ${to}`,
  restarted: ({ number, to }) => `numbers begin anew with ${number} after ${to}`,
};

function findingEvent(
  finding: Finding,
  { name, fields, cause, time }: { name: string; fields: readonly string[]; cause: string; time: Value },
): Event {
  const { kind, from, to, number } = finding;
  const event: Event = {
    "@timestamp": time,
    message: "",
    "event.id": `sequence-${digest(name, kind, from, number, cause)}`,
  };
  const label = fields.length > 0 ? setKeyFields(event, fields, name) : (JSON.parse(name) as string[])[0];
  event["message"] = `${label}: ${TEXTS[kind](finding)}`;
  Object.assign(event, { "event.kind": "alert", "event.action": `sequence_${kind}`, "rule.name": "sequence" });
  event["log.level"] = kind === "restarted" ? "notice" : "warn";
  event["sequence.number"] = number;
  if (kind === "gap")
    Object.assign(event, { "sequence.from": from, "sequence.to": to, "sequence.missing": to - from + 1 });
  else event["sequence.previous"] = to;
  return event;
}
