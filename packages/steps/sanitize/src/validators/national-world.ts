import { isDay } from "./calendar.ts";
import { digitsOf, passesLuhn } from "./luhn.ts";
import { passesVerhoeff } from "./verhoeff.ts";
import { digitAt, weightedSum } from "./weighted.ts";

/** Numbers that stand in advertisements and never belonged to anybody, and areas that are not given out. */
const SAMPLE_SSN = /^(?:000|666|123456789|98765432|078051120|219099999)|^(\d)\1{8}$|^\d{3}00|0000$/;
const REGISTRATION_LETTERS = {
  local: "XMKECAWLJDB",
  business: "ZKCMDNERGWH",
  other: "ABCDEFGHJKLMNPQRSTUVWX0123456789",
} as const;

/** US social security number that can have been given out. */
export function isSsn(text: string): boolean {
  const separators = new Set(text.replaceAll(/\d/g, ""));
  return separators.size <= 1 && !SAMPLE_SSN.test(digitsOf(text));
}

/** The same, of the areas that exist: below 900. */
export function isGivenSsn(text: string): boolean {
  return isSsn(text) && !text.startsWith("9");
}

/** US provider number: Luhn with the prefix 80840. */
export function isNpi(text: string): boolean {
  const digits = digitsOf(text);
  return passesLuhn(`80840${digits}`) && !/^(\d)\1{8}/.test(digits);
}

/** US DEA number: first, third, fifth digit and twice the second, fourth, sixth give the last. */
export function isDeaNumber(text: string): boolean {
  const digits = text.slice(2);
  return weightedSum(digits, [1, 2, 1, 2, 1, 2]) % 10 === digitAt(digits, 6);
}

/** US bank routing number: weights 3, 7, 1. */
export function isAbaNumber(text: string): boolean {
  return weightedSum(digitsOf(text), [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0;
}

/** Canadian social insurance number: Luhn. */
export function isSin(text: string): boolean {
  return passesLuhn(digitsOf(text));
}

/** Brazilian CPF: two check digits. */
export function isCpf(text: string): boolean {
  const digits = digitsOf(text);
  const check = (weights: readonly number[]): number => ((weightedSum(digits, weights) * 10) % 11) % 10;
  const first = check([10, 9, 8, 7, 6, 5, 4, 3, 2]) === digitAt(digits, 9);
  return first && check([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) === digitAt(digits, 10) && !/^(\d)\1+$/.test(digits);
}

/** Australian business number: modulo 89 after taking 1 from the first digit. */
export function isAbn(text: string): boolean {
  return (weightedSum(digitsOf(text), [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0;
}

/** Australian company number. */
export function isAcn(text: string): boolean {
  const digits = digitsOf(text);
  return (10 - (weightedSum(digits, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === digitAt(digits, 8);
}

/** Australian Medicare number: the ninth digit checks the first eight. */
export function isAustralianMedicare(text: string): boolean {
  const digits = digitsOf(text);
  return weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digitAt(digits, 8);
}

/** Australian tax file number: modulo 11. */
export function isTfn(text: string): boolean {
  return weightedSum(digitsOf(text), [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0;
}

/** Indian Aadhaar: Verhoeff, first digit 2 or more, no palindrome. */
export function isAadhaar(text: string): boolean {
  const digits = digitsOf(text);
  return (
    digits.length === 12 &&
    digitAt(digits, 0) > 1 &&
    passesVerhoeff(digits) &&
    digits !== Array.from(digits).toReversed().join("")
  );
}

/** Indian GSTIN: state 01 to 37, a PAN, an entity, Z, a check character. */
export function isGstin(text: string): boolean {
  const state = Number(text.slice(0, 2));
  return state >= 1 && state <= 37;
}

/** Korean business number. */
export function isKoreanBusiness(text: string): boolean {
  const digits = digitsOf(text);
  const last = digitAt(digits, 8) * 5;
  const sum = weightedSum(digits, [1, 3, 7, 1, 3, 7, 1, 3]) + last + Math.floor(last / 10);
  return (10 - (sum % 10)) % 10 === digitAt(digits, 9);
}

/** Korean driver's licence: its first two digits are a region's. */
export function isKoreanLicence(text: string): boolean {
  return /^(?:1[1-9]|2[0-68])/.test(digitsOf(text));
}

/** Philippine tax number: the ninth digit checks the first eight. */
export function isPhilippineTin(text: string): boolean {
  const digits = digitsOf(text);
  return weightedSum(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11 === digitAt(digits, 8);
}

/** Singapore entity number: of a business, a local company or another entity. */
export function isUen(text: string): boolean {
  const uen = text.toUpperCase();
  const body = uen.slice(0, -1);
  if (/^\d{8}[A-Z]$/.test(uen))
    return REGISTRATION_LETTERS.local[weightedSum(body, [10, 4, 9, 3, 8, 2, 7, 1]) % 11] === uen.at(-1);
  if (/^\d{9}[A-Z]$/.test(uen))
    return REGISTRATION_LETTERS.business[weightedSum(body, [10, 8, 6, 4, 9, 7, 5, 3, 1]) % 11] === uen.at(-1);
  const values = Array.from(body).map((char) => REGISTRATION_LETTERS.other.indexOf(char));
  const sum = [4, 3, 5, 3, 10, 2, 2, 5, 7].reduce((total, weight, at) => total + weight * (values[at] ?? 0), 0);
  return REGISTRATION_LETTERS.other[(((sum - 5) % 11) + 11) % 11] === uen.at(-1);
}

/** South African identity number: birthday, Luhn. */
export function isSouthAfricanId(digits: string): boolean {
  const [year, month, day] = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4, 6)].map(Number) as [
    number,
    number,
    number,
  ];
  const century = 2000 + year > new Date().getUTCFullYear() ? 1900 : 2000;
  return isDay(century + year, month, day) && passesLuhn(digits);
}

/** Thai identity number: the last digit checks the others, modulo 11. */
export function isThaiId(digits: string): boolean {
  const sum = weightedSum(digits, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
  return (11 - (sum % 11)) % 10 === digitAt(digits, 12);
}

/** Nigerian identity number: Verhoeff. */
export function isNin(digits: string): boolean {
  return passesVerhoeff(digits);
}
