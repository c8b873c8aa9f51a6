import type { Event } from "@sluice/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { at, event, step, tryOut } from "./support.ts";

const NOON = at("12:00:00");
const shown = (list: readonly (Event | null)[], ...names: string[]) =>
  list.map((one) => (one === null ? null : names.map((name) => one[name])));

test("dedupe passes the first of equal events, by their own time", async () => {
  const steps = await tryOut(step("dedupe", { key: ["service.name", "message"], window: "5m" }));
  const pass = (time: string, service: string) =>
    steps.event(event(time, { "service.name": service }), NOON)[0] !== null;
  expect(pass("07:00:00", "a")).toBe(true);
  expect(pass("07:00:00", "b")).toBe(true);
  expect(pass("07:04:59", "a")).toBe(false);
  // An earlier one of the same minutes, which was read later.
  expect(pass("06:58:00", "a")).toBe(false);
  expect(pass("07:05:00", "a")).toBe(true);
  expect(pass("07:09:00", "a")).toBe(false);
});

test("dedupe forgets the key not seen for longest, and counts that", async () => {
  const steps = await tryOut(step("dedupe", { max_keys: 2 }));
  const pass = (message: string) => steps.event(event("07:00:00", { message }), NOON)[0] !== null;
  expect(["a", "b", "a", "c", "a", "b"].map(pass)).toEqual([true, true, false, true, false, true]);
});

test("sample keeps the same events each time, a share of them, and whole keys", async () => {
  const pick = async (options: unknown, n: number, make: (i: number) => Event) => {
    const steps = await tryOut(step("sample", options));
    return Array.from({ length: n }, (_, i) => (steps.event(make(i), NOON)[0] ? i : -1)).filter((i) => i >= 0);
  };
  const byId = (i: number): Event => ({ "event.id": `file-1f-${(i * 87).toString(16)}`, message: "m" });
  const kept = await pick(10, 20_000, byId);
  expect(kept.length).toBeGreaterThan(1700);
  expect(kept.length).toBeLessThan(2300);
  expect(await pick({ rate: 0.1 }, 20_000, byId)).toEqual(kept);
  const users = await pick({ one_in: 2, key: "user.name" }, 1000, (i) => ({ message: "m", "user.name": `u${i % 10}` }));
  const names = new Set(users.map((i) => i % 10));
  expect(users).toEqual(Array.from({ length: 1000 }, (_, i) => i).filter((i) => names.has(i % 10)));
  expect(names.size).toBeGreaterThan(0);
  expect(names.size).toBeLessThan(10);
  const errors = { one_in: 1000000, except: 'log.level == "error"' };
  expect(await pick(errors, 50, (i) => ({ ...byId(i), "log.level": i % 5 ? "info" : "error" }))).toHaveLength(10);
});

test("throttle passes so many a minute and says how many it suppressed", async () => {
  const steps = await tryOut(step("throttle", { rate: "2/m", key: "service.name" }));
  const send = (time: string, service: string, now = at(time)) =>
    shown(
      steps.event(event(time, { "service.name": service }), now),
      "event.action",
      "throttle.suppressed",
      "service.name",
    );
  expect(send("07:00:01", "a")).toEqual([[undefined, undefined, "a"]]);
  expect(send("07:00:02", "a")).toEqual([[undefined, undefined, "a"]]);
  expect(send("07:00:03", "a")).toEqual([null]);
  expect(send("07:00:04", "b")).toEqual([[undefined, undefined, "b"]]);
  expect(send("07:00:05", "a")).toEqual([null]);
  expect(send("07:00:59", "a")).toEqual([null]);
  // The next minute: the notice comes before the event that shows that it is over.
  expect(send("07:01:10", "a")).toEqual([
    ["events_suppressed", 3, "a"],
    [undefined, undefined, "a"],
  ]);
  expect(steps.tick("end", at("07:01:11"))).toEqual([]);
});

test("throttle tells also when no event comes, and is not misled by a time in the future", async () => {
  const steps = await tryOut(step("throttle", { rate: "1/s", notice: "10s" }));
  const send = (time: string, now: string) => steps.event(event(time), at(now)).map((one) => one && one["message"]);
  expect(send("07:00:00", "07:00:00")).toEqual(["m"]);
  expect(send("07:00:00", "07:00:00")).toEqual([null]);
  expect(send("23:59:59", "07:00:01")).toEqual(["m"]);
  expect(send("07:00:00", "07:00:01")).toEqual([null]);
  expect(steps.tick("time", at("07:00:05"))).toEqual([]);
  expect(steps.tick("time", at("07:00:12"))).toMatchObject([
    { message: "2 events were suppressed: more than 1/s", "@timestamp": "2025-04-13T07:00:10.000Z" },
  ]);
});

test("sequence tells of gaps, repeats, disorder and a new beginning", async () => {
  const steps = await tryOut(step("sequence", { field: "event.sequence", key: "service.name" }));
  const send = (n: number | string, service = "UPLOAD") => {
    const one = { "service.name": service, "event.sequence": n, "event.id": `e${n}` };
    const found = steps.event(event("07:00:00", one), NOON);
    expect(found.at(-1)).toMatchObject({ "event.sequence": n });
    return found.slice(0, -1).map((finding) => finding?.["message"]);
  };
  expect(send(7)).toEqual([]);
  expect(send("8")).toEqual([]);
  expect(send(1, "API")).toEqual([]);
  expect(send(12)).toEqual(["UPLOAD: numbers 9 to 11 are missing"]);
  expect(send(10)).toEqual(["UPLOAD: number 10 came after 12"]);
  expect(send(10)).toEqual(["UPLOAD: number 10 came again"]);
  expect(send(12)).toEqual(["UPLOAD: number 12 came again"]);
  expect(send(2, "API")).toEqual([]);
  expect(send(14)).toEqual(["UPLOAD: number 13 is missing"]);
  expect(send(1)).toEqual(["UPLOAD: numbers begin anew with 1 after 14"]);
  expect(send(2)).toEqual([]);
  expect(steps.event(event("07:00:00", { "event.sequence": "n/a" }), NOON)).toHaveLength(1);
});

test("sequence with a wait tells only of gaps that stay", async () => {
  const steps = await tryOut(step("sequence", { field: "n", wait: "5s" }));
  const send = (n: number, now: string) =>
    steps.event(event("07:00:00", { n }), at(now)).map((one) => one?.["event.action"]);
  send(1, "07:00:00");
  expect(send(5, "07:00:00")).toEqual([undefined]);
  expect(send(3, "07:00:01")).toEqual(["sequence_out_of_order", undefined]);
  expect(steps.tick("time", at("07:00:04"))).toEqual([]);
  const told = steps.tick("time", at("07:00:06"));
  expect(shown(told, "sequence.from", "sequence.to")).toEqual([
    [2, 2],
    [4, 4],
  ]);
  expect(steps.tick("time", at("07:00:20"))).toEqual([]);
});

test("model: what a sequence tells adds up to what did not come in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 2, max: 60 }), { minLength: 1, maxLength: 60 }), async (numbers) => {
      const steps = await tryOut(step("sequence", { field: "n" }));
      const missing = new Set<number>();
      for (const n of numbers) {
        for (const finding of steps.event(event("07:00:00", { n }), NOON).slice(0, -1) as Event[]) {
          const [from, to] = [finding["sequence.from"] as number, finding["sequence.to"] as number];
          if (finding["event.action"] === "sequence_gap") for (let i = from; i <= to; i++) missing.add(i);
          else if (finding["event.action"] === "sequence_out_of_order") expect(missing.delete(n)).toBe(true);
          else expect(finding["event.action"]).toBe("sequence_repeat");
        }
      }
      const seen = new Set(numbers);
      const first = numbers[0] as number;
      const all = Array.from({ length: Math.max(...numbers) - first + 1 }, (_, i) => first + i);
      expect([...missing].sort((a, b) => a - b)).toEqual(all.filter((n) => !seen.has(n)));
    }),
  );
});

test("count reports each window by key, with further counts, before the event that ends it", async () => {
  const options = { by: "service.name", every: "1d", timezone: "UTC", where: { errors: 'log.level == "error"' } };
  const steps = await tryOut(step("count", options));
  const now = at("23:59:00") + 120_000;
  const send = (time: string, service: string, level: string) =>
    steps.event({ "@timestamp": time, message: "m", "service.name": service, "log.level": level }, now);
  for (let i = 0; i < 5; i++) send("2025-04-12T10:00:00.000Z", "UPLOAD", i < 2 ? "error" : "info");
  send("2025-04-12T23:59:59.999Z", "API", "info");
  expect(send("2025-04-13T00:00:30.000Z", "API", "info")).toHaveLength(1);
  const found = send("2025-04-13T00:01:00.000Z", "API", "info");
  expect(shown(found.slice(0, -1), "message", "count.events", "count.errors", "@timestamp")).toEqual([
    [
      "API: 1 events, 0 errors from 2025-04-12T00:00:00.000Z to 2025-04-13T00:00:00.000Z",
      1,
      0,
      "2025-04-13T00:00:00.000Z",
    ],
    [
      "UPLOAD: 5 events, 2 errors from 2025-04-12T00:00:00.000Z to 2025-04-13T00:00:00.000Z",
      5,
      2,
      "2025-04-13T00:00:00.000Z",
    ],
  ]);
  // Those that come late open the window again, until no more come.
  for (let i = 0; i < 3; i++) expect(send("2025-04-12T11:00:00.000Z", "API", "info")).toHaveLength(1);
  expect(steps.tick("time", now)).toEqual([]);
  expect(shown(steps.tick("time", now + 61_000), "count.events", "tags", "event.end")).toEqual([
    [3, ["_late"], "2025-04-13T00:00:00.000Z"],
    [2, undefined, "2025-04-14T00:00:00.000Z"],
  ]);
  expect(steps.tick("end", now)).toEqual([]);
});

test("a day of a zone with a clock change has 23 hours", async () => {
  const steps = await tryOut(step("count", { every: "1d", timezone: "Europe/Berlin", grace: "0s" }));
  const now = Date.parse("2025-04-02T00:00:00Z");
  for (const time of ["2025-03-29T23:00:00.000Z", "2025-03-30T21:59:59.000Z"]) {
    steps.event({ "@timestamp": time, message: "" }, now);
  }
  const [report] = steps.event({ "@timestamp": "2025-03-30T22:00:00.000Z", message: "" }, now);
  expect(report).toMatchObject({
    "count.events": 2,
    "event.start": "2025-03-29T23:00:00.000Z",
    "event.end": "2025-03-30T22:00:00.000Z",
  });
});

test("property: the reports of a count add up, whatever times and keys come, however little room there is", async () => {
  const input = fc.array(
    fc.oneof(
      fc.record({ time: fc.integer({ min: -1e6, max: 40_000_000 }), key: fc.integer({ min: 0, max: 30 }) }),
      fc.record({ pass: fc.integer({ min: 0, max: 100_000 }) }),
    ),
    { maxLength: 200 },
  );
  await fc.assert(
    fc.asyncProperty(input, fc.integer({ min: 10, max: 40 }), async (moves, room) => {
      const steps = await tryOut(step("count", { by: "k", every: "1m", max_keys: room, keep: false, timezone: "UTC" }));
      let sum = 0;
      let sent = 0;
      let now = NOON;
      const add = (list: readonly (Event | null)[]) => {
        for (const one of list) sum += one === null ? 0 : (one["count.events"] as number);
      };
      for (const move of moves) {
        if ("pass" in move) add(steps.tick("time", (now += move.pass)));
        else {
          sent++;
          add(steps.event({ "@timestamp": new Date(NOON + move.time).toISOString(), message: "", k: move.key }, now));
        }
      }
      add(steps.tick("end", now));
      expect(sum).toBe(sent);
    }),
    { numRuns: 50 },
  );
});

test("multiline joins, in all four ways, and goes on when nothing follows", async () => {
  const join = async (options: object, lines: string[]) => {
    const steps = await tryOut(step("multiline", options));
    const found = lines.flatMap((message) => steps.event({ message, "@timestamp": "t" }, NOON));
    return [...found, ...steps.tick("end", NOON)].map((one) => one?.["message"]);
  };
  const trace = ["a", "  at x", "  at y", "b", "c", "  at z"];
  const wanted = ["a\n  at x\n  at y", "b", "c\n  at z"];
  expect(await join({ continuation: "^\\s" }, trace)).toEqual(wanted);
  expect(await join({ start: "^\\S" }, trace)).toEqual(wanted);
  expect(await join({ continued: "\\\\$" }, ["a\\", "b", "c"])).toEqual(["a\\\nb", "c"]);
  expect(await join({ end: ";$" }, ["a", "b;", "c;", "d"])).toEqual(["a\nb;", "c;", "d"]);
  expect(await join({ start: "^\\S", max_lines: 2 }, trace)).toEqual(["a\n  at x", "  at y", "b", "c\n  at z"]);
});

test("multiline passes an open event on after its timeout", async () => {
  const steps = await tryOut(step("multiline", { start: "^\\S", timeout: "2s" }));
  expect(steps.event({ message: "a" }, NOON)).toEqual([]);
  expect(steps.event({ message: " b" }, NOON)).toEqual([]);
  expect(steps.tick("time", NOON + 500)).toEqual([]);
  expect(steps.tick("time", NOON + 2000)).toEqual([]);
  expect(steps.tick("time", NOON + 2500)).toMatchObject([{ message: "a\n b" }]);
});
