import fc from "fast-check";
import { expect, test } from "vitest";
import { apply, step } from "./step-support.ts";
import { TEXT } from "./support.ts";

test("the step takes any event, keeps its shape, and changes nothing the second time", () => {
  const custom = [{ name: "mine", pattern: "mine-[0-9a-f]{8}", keywords: ["mine-"] }];
  const target = step({ rules: ["default"], custom, budget: "10s" });
  const key = fc.oneof(
    fc.constantFrom("__proto__", "constructor", "toString", "db.password", "message", "tags"),
    fc.string(),
  );
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      TEXT,
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      tie("list"),
      tie("object"),
    ),
    list: fc.array(tie("value"), { maxLength: 3 }),
    object: fc.array(fc.tuple(key, tie("value")), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  })).value;
  const event = fc.array(fc.tuple(key, value), { maxLength: 5 }).map((entries) => Object.fromEntries(entries) as never);
  fc.assert(
    fc.property(event, (input) => {
      const { event: once } = apply(target, structuredClone(input));
      expect(Object.keys(once ?? {})).toHaveLength(Object.keys(input).length);
      const copy = structuredClone(once) as never;
      expect(apply(target, copy).event).toEqual(once);
    }),
    { numRuns: 1000 },
  );
});
