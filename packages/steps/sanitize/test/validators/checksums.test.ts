import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digitsOf, passesLuhn } from "../../src/validators/luhn.ts";
import { passesVerhoeff } from "../../src/validators/verhoeff.ts";
import { passesMod11By10 } from "../../src/validators/weighted.ts";

const digits = (minLength: number, maxLength = minLength): fc.Arbitrary<string> =>
  fc.array(fc.nat(9), { minLength, maxLength }).map((all) => all.join(""));

/** With exactly one last digit a number passes, and no change of a single digit goes unseen. */
function holdsForOneCheckDigit(passes: (number: string) => boolean, body: fc.Arbitrary<string>): void {
  fc.assert(
    fc.property(body, fc.nat(), fc.integer({ min: 1, max: 9 }), (start, place, change) => {
      const passing = Array.from({ length: 10 }, (_, digit) => `${start}${digit}`).filter(passes);
      expect(passing).toHaveLength(1);
      const number = passing[0] as string;
      const at = place % number.length;
      const changed = (Number(number[at]) + change) % 10;
      expect(passes(number.slice(0, at) + String(changed) + number.slice(at + 1))).toBe(false);
    }),
  );
}

describe("Luhn", () => {
  test("card numbers that payment services give for tests", () => {
    for (const card of [
      "4111111111111111",
      "5555555555554444",
      "378282246310005",
      "30569309025904",
      "6011000990139424",
    ]) {
      expect(passesLuhn(card)).toBe(true);
    }
    expect(passesLuhn("4111111111111112")).toBe(false);
  });

  test("one check digit fits, and it sees every change of a digit", () =>
    holdsForOneCheckDigit(passesLuhn, digits(1, 18)));

  test("separators are no digits", () => expect(digitsOf("4111 1111-1111 1111")).toBe("4111111111111111"));
});

describe("Verhoeff", () => {
  test("the published example 236 has the check digit 3", () => {
    expect(passesVerhoeff("2363")).toBe(true);
    expect(passesVerhoeff("2364")).toBe(false);
  });

  test("one check digit fits, and it sees every change of a digit", () =>
    holdsForOneCheckDigit(passesVerhoeff, digits(1, 18)));
});

describe("ISO 7064 MOD 11,10", () => {
  test("the example of the standard: 0794 has the check digit 5", () => {
    expect(passesMod11By10("07945")).toBe(true);
    expect(passesMod11By10("07946")).toBe(false);
  });

  test("one check digit fits, and it sees every change of a digit", () =>
    holdsForOneCheckDigit(passesMod11By10, digits(1, 12)));
});
