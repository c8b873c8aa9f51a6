import type { Event, StepDefinition } from "@sluice/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { convertStep, dropStep, keepStep, removeStep, renameStep, setStep } from "../src/index.ts";
import { apply, complaint, create } from "./support.ts";

const own = (entries: [string, unknown][]): Event => Object.fromEntries(entries) as Event;

describe("keep and drop", () => {
  it("decide by an expression, and say under which name they count", () => {
    const healthy: Event = { "url.path": "/healthz" };
    expect(apply(dropStep, 'url.path == "/healthz"', { ...healthy })).toBeNull();
    expect(apply(dropStep, 'url.path == "/healthz"', { "url.path": "/" })).toEqual({ "url.path": "/" });
    expect(apply(keepStep, 'url.path == "/healthz"', { ...healthy })).toEqual(healthy);
    expect(apply(keepStep, 'url.path == "/healthz"', {})).toBeNull();
    expect([create(keepStep, "true").reason, create(dropStep, "true").reason]).toEqual(["keep", "drop"]);
  });

  it("take an absent field for false", () => {
    expect(apply(dropStep, "http.response.status_code >= 500", { message: "x" })).toEqual({ message: "x" });
  });

  it("refuse what is no expression when the pipeline is validated", () => {
    expect(complaint(dropStep, "url.path ==")).toMatch(/expression/);
    expect(complaint(keepStep, "1 + 1")).toMatch(/true or false/);
  });
});

describe("set", () => {
  it("sets constants of every type", () => {
    expect(apply(setStep, { "service.name": "web", n: 1, ok: true, none: null, list: ["a"] }, { n: 0 })).toEqual({
      "service.name": "web",
      n: 1,
      ok: true,
      none: null,
      list: ["a"],
    });
  });

  it("computes what begins with =", () => {
    expect(apply(setStep, { b: "=a + 1", c: '="=x"' }, { a: 1 })).toEqual({ a: 1, b: 2, c: "=x" });
    expect(apply(setStep, { b: "=missing", c: "=b" }, { b: 5 })).toEqual({ b: 5, c: 5 });
  });

  it("refuses a broken expression", () => {
    expect(complaint(setStep, { a: "=1 +" })).toMatch(/expression/);
  });
});

describe("remove", () => {
  it("removes fields by name and by beginning", () => {
    const event = (): Event => ({ a: 1, "labels.x": 2, "labels.y": 3, label: 4 });
    expect(apply(removeStep, "a", event())).toEqual({ "labels.x": 2, "labels.y": 3, label: 4 });
    expect(apply(removeStep, ["a", "labels.*", "absent"], event())).toEqual({ label: 4 });
    expect(apply(removeStep, "label*", event())).toEqual({ a: 1 });
  });

  it("refuses a star elsewhere, or alone", () => {
    expect(complaint(removeStep, "a*b")).toMatch(/\*/);
    expect(complaint(removeStep, "*")).toMatch(/\*/);
  });
});

describe("rename", () => {
  it("moves values, lets two change places, and leaves what is absent", () => {
    expect(apply(renameStep, { a: "b" }, { a: 1, b: 2 })).toEqual({ b: 1 });
    expect(apply(renameStep, { a: "b", b: "a" }, { a: 1, b: 2 })).toEqual({ b: 1, a: 2 });
    expect(apply(renameStep, { x: "y" }, { a: 1 })).toEqual({ a: 1 });
  });

  it("does not reach the prototype", () => {
    const event = apply(renameStep, { a: "__proto__", toString: "b" }, { a: "x" }) as Event;
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
    expect(Object.keys(event)).toEqual(["__proto__"]);
  });
});

describe("convert", () => {
  it.each([
    ["int", "12", 12],
    ["int", " -7 ", -7],
    ["int", "12.9", 12],
    ["int", 12.9, 12],
    ["int", true, 1],
    ["int", "12345678901234567890", "12345678901234567890"],
    ["int", "-0", 0],
    ["float", "3.25", 3.25],
    ["float", "1e3", 1000],
    ["float", false, 0],
    ["boolean", "Yes", true],
    ["boolean", "off", false],
    ["boolean", 1, true],
    ["string", 1.5, "1.5"],
    ["string", true, "true"],
    ["string", { a: [1] }, '{"a":[1]}'],
    ["int", ["1", "2"], [1, 2]],
  ])("to %s: %j becomes %j", (type, from, to) => {
    expect(apply(convertStep, { f: type }, own([["f", from]]))).toEqual({ f: to });
  });

  it.each([
    ["int", "12x"],
    ["int", ""],
    ["int", "0x10"],
    ["float", "Infinity"],
    ["float", "1e999"],
    ["boolean", "maybe"],
    ["boolean", 2],
    ["int", { a: 1 }],
    ["int", ["1", "x"]],
  ])("to %s: %j stays and is tagged", (type, from) => {
    expect(apply(convertStep, { f: type }, own([["f", from]]))).toEqual({ f: from, tags: ["_convert_failure"] });
  });

  it("passes over absent fields and null", () => {
    expect(apply(convertStep, { f: "int", toString: "int" }, { f: null })).toEqual({ f: null });
  });
});

describe("any event", () => {
  const steps: [StepDefinition<never>, unknown][] = [
    [convertStep, { a: "int", b: "float", c: "boolean" }],
    [renameStep, { a: "b", c: "__proto__" }],
    [removeStep, ["a", "b*"]],
    [setStep, { a: "=b", "__proto__.x": 1 }],
  ] as unknown as [StepDefinition<never>, unknown][];
  const event = fc.dictionary(fc.constantFrom("a", "b", "c", "", "d.e"), fc.jsonValue());

  it.each(steps)("%o never throws", (definition, options) => {
    const step = create(definition, options);
    fc.assert(
      fc.property(event, (fields) => {
        const after = step.apply(own(Object.entries(fields)), { now: 0, tally: {} as never });
        expect(Object.getPrototypeOf(after)).toBe(Object.prototype);
      }),
    );
  });
});
