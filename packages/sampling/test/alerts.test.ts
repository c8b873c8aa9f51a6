import type { Value } from "@sluice/core";
import { FakeSourceContext } from "@sluice/testkit";
import { describe, expect, test } from "vitest";
import { AlertBook } from "../src/alerts/alert-book.ts";
import { alertOptions, type Observation, SamplingSource } from "../src/index.ts";

const SECOND = 1000;

function seen(used: number, key = "/"): Observation {
  return { dataset: "disk", key, text: `${key} ${used}`, fields: { used, "event.kind": "metric" } };
}

/** A book over samples ten seconds apart. */
function bookOf(options: Record<string, unknown>, stored?: Value) {
  const parsed = alertOptions.parse([{ name: "full", when: "used > 90.0", ...options }]);
  const book = new AlertBook(parsed, 10 * SECOND);
  book.restore(stored);
  let now = 0;
  const take = (...observations: Observation[]): Observation[] => {
    now += 10 * SECOND;
    return book.take({ observations, complete: ["disk"] }, now);
  };
  return {
    book,
    take,
    actions: (values: number[]) => values.map((used) => take(seen(used))[0]?.fields["event.action"] ?? ""),
  };
}

describe("an alert", () => {
  test("is raised once when crossed and clears once, after two good intervals", () => {
    const { actions } = bookOf({});
    expect(actions([80, 95, 96, 97, 80, 80, 80, 80])).toEqual([
      "",
      "threshold_crossed",
      "",
      "",
      "",
      "",
      "threshold_cleared",
      "",
    ]);
  });

  test("waits as long as `for` says, anew after each good sample", () => {
    const { actions } = bookOf({ for: "20s" });
    expect(actions([95, 95, 80, 95, 95, 95, 95])).toEqual(["", "", "", "", "", "threshold_crossed", ""]);
  });

  test("stays raised between `when` and `clear_when`", () => {
    const { actions } = bookOf({ clear_when: "used < 85.0", keep_firing_for: "0s" });
    expect(actions([95, 88, 86, 91, 84, 88])).toEqual(["threshold_crossed", "", "", "", "threshold_cleared", ""]);
  });

  test("is kept for each thing by itself", () => {
    const { take } = bookOf({ keep_firing_for: "0s" });
    expect(take(seen(95, "/a"), seen(50, "/b")).map(({ text }) => text)).toEqual(["ALERT: full: /a 95"]);
    expect(take(seen(95, "/a"), seen(96, "/b")).map(({ text }) => text)).toEqual(["ALERT: full: /b 96"]);
    const [cleared] = take(seen(20, "/a"), seen(96, "/b"));
    expect(cleared?.text).toBe("CLEARED after 20 s: full: /a 20");
    expect(cleared?.fields).toMatchObject({
      "event.kind": "alert",
      "rule.name": "full",
      "sluice.alert.key": "/a",
      "log.level": "info",
    });
  });

  test("clears when the thing is gone", () => {
    const { take } = bookOf({ keep_firing_for: "0s" });
    take(seen(95));
    expect(take().map(({ text }) => text)).toEqual(["CLEARED after 10 s: full: / is gone"]);
  });

  test("does not flood while the value flaps, and counts what it held back", () => {
    const { take } = bookOf({});
    const events: Observation[] = [];
    for (let i = 0; i < 200; i++) events.push(...take(seen(i % 2 === 0 ? 95 : 80)));
    expect(events.map(({ text }) => text)).toEqual(["ALERT: full: / 95"]);
    events.push(...take(seen(80)), ...take(seen(80)), ...take(seen(80)));
    expect(events.at(-1)?.fields).toMatchObject({ "event.action": "threshold_cleared", "sluice.alert.flaps": 99 });
  });

  test("becomes slower when it keeps coming back slowly", () => {
    const { take } = bookOf({});
    let events = 0;
    for (let i = 0; i < 1000; i++) events += take(seen(i % 8 < 4 ? 95 : 80)).length;
    // 125 times over the threshold and back.
    expect(events).toBeLessThan(10);
  });

  test("is remembered over a restart", () => {
    const first = bookOf({});
    expect(first.actions([95, 80])).toEqual(["threshold_crossed", ""]);
    const stored = JSON.parse(JSON.stringify(first.book.note())) as Value;
    const second = bookOf({}, stored);
    second.take(seen(95));
    expect(second.actions([95, 80, 80, 80])).toEqual(["", "", "", "threshold_cleared"]);
  });

  test("remembers nothing of things that are well", () => {
    const { book, take } = bookOf({});
    take(...Array.from({ length: 100 }, (_, i) => seen(10, `/${i}`)));
    expect(book.note()).toEqual({});
  });
});

test("a source emits samples, then alerts, and keeps these with the position", async () => {
  const alerts = alertOptions.parse([{ name: "full", when: "used > 90.0" }]);
  const make = () =>
    new SamplingSource(
      { name: "h", interval: 20, alerts },
      { sample: async () => ({ observations: [seen(95)], complete: ["disk"] }) },
    );
  const first = new FakeSourceContext({ finite: true });
  await make().run(first);
  expect(first.texts).toEqual(["/ 95", "ALERT: full: / 95"]);
  const second = new FakeSourceContext({ finite: true, state: first.state.all() });
  await make().run(second);
  expect(second.texts).toEqual(["/ 95"]);
  const ids = [...first.records, ...second.records].map(({ eventId }) => eventId);
  expect(new Set(ids).size).toBe(3);
});

test("a source samples again and again, and stops at once", async () => {
  const ctx = new FakeSourceContext();
  let samples = 0;
  const sample = async () => {
    if (++samples === 5) ctx.end();
    return { observations: [seen(1)], complete: ["disk"] };
  };
  await new SamplingSource({ name: "h", interval: 5, alerts: [] }, { sample }).run(ctx);
  expect(ctx.texts).toEqual(["/ 1", "/ 1", "/ 1", "/ 1"]);
});
