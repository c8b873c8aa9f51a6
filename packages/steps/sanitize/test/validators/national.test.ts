import fc from "fast-check";
import { expect, test } from "vitest";
import { isDay, isShortDay } from "../../src/validators/calendar.ts";
import * as europe from "../../src/validators/national-europe.ts";
import * as world from "../../src/validators/national-world.ts";

/** Published examples, and the same with one character changed. */
const CASES: readonly [(text: string) => boolean, string, string][] = [
  [europe.isKvnr, "A123456780", "A123456781"],
  [europe.isGermanPensionNumber, "15070649C103", "15070649C100"],
  [europe.isGermanTaxId, "86095742719", "86095742718"],
  [europe.isGermanVat, "DE136695976", "DE136695977"],
  [europe.isGermanDocument, "C01X00T41", "C01X00T42"],
  [europe.isGermanPhysician, "123456601", "123456701"],
  [europe.isItalianFiscalCode, "RSSMRA85T10A562S", "RSSMRA85T10A562T"],
  [europe.isItalianVat, "01333550323", "01333550324"],
  [europe.isSpanishId, "12345678Z", "12345678A"],
  [europe.isSpanishId, "X9613851-N", "Y9613851-N"],
  [europe.isNhsNumber, "943 476 5919", "943 476 5918"],
  [europe.isBritishPlate, "AB51 ABC", "AB49 ABC"],
  [europe.isSwedishPerson, "811228-9874", "811228-9873"],
  [europe.isSwedishOrganisation, "556703-7485", "551703-7485"],
  [europe.isFinnishPerson, "131052-308T", "131052-308U"],
  [europe.isPesel, "44051401458", "44051401459"],
  [europe.isTurkishId, "10000000146", "10000000145"],
  [europe.isFrenchSocialSecurity, "2 55 08 14 168 025 38", "2 55 08 14 168 025 39"],
  [world.isSsn, "078-05-1123", "078-05-1120"],
  [world.isGivenSsn, "578-05-1123", "978-05-1123"],
  [world.isNpi, "1234567893", "1234567890"],
  [world.isDeaNumber, "BB1388568", "BB1388569"],
  [world.isAbaNumber, "121042882", "421042111"],
  [world.isSin, "046 454 286", "046 454 287"],
  [world.isCpf, "111.444.777-35", "111.444.777-05"],
  [world.isAbn, "51 824 753 556", "52 824 753 556"],
  [world.isAcn, "005 499 981", "005 499 982"],
  [world.isAustralianMedicare, "2123 45670 1", "2123 45680 1"],
  [world.isTfn, "876 543 210", "876 543 211"],
  [world.isAadhaar, "3123-4567-8909", "3123-4567-8908"],
  [world.isGstin, "27ABCDE1234F1Z5", "38ABCDE1234F1Z5"],
  [world.isKoreanBusiness, "104-86-56659", "104-86-56658"],
  [world.isKoreanLicence, "11-22-123456-12", "29-22-123456-12"],
  [world.isPhilippineTin, "000-123-456-001", "000-123-457-000"],
  [world.isUen, "53125226D", "53125226E"],
  [world.isUen, "201434292D", "201434292E"],
  [world.isUen, "T16RF0037C", "T16RF0037D"],
  [world.isSouthAfricanId, "8001015009087", "8002305009087"],
  [world.isThaiId, "1234567890121", "1234567890122"],
  [world.isNin, "12345678902", "12345678901"],
];

test.each(CASES)("%o takes %s and refuses %s", (check, good, bad) => {
  expect(check(good)).toBe(true);
  expect(check(bad)).toBe(false);
});

test("days are those of the calendar, leap years too", () => {
  expect([isDay(2000, 2, 29), isDay(1900, 2, 29), isDay(2026, 4, 31), isDay(2026, 13, 1), isDay(2026, 12, 0)]).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
  fc.assert(
    fc.property(fc.date({ min: new Date("1900-01-01"), max: new Date("2099-12-31"), noInvalidDate: true }), (date) => {
      const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()] as const;
      expect(isDay(year, month, day)).toBe(true);
      expect(isShortDay(year % 100, month, day)).toBe(true);
    }),
  );
});
