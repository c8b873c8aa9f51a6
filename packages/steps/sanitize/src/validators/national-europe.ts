import { isDay, isShortDay } from "./calendar.ts";
import { digitsOf, passesLuhn } from "./luhn.ts";
import { crossSum, digitAt, passesMod11By10, weightedSum } from "./weighted.ts";

const SPANISH_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE";
const FINNISH_LETTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY";
/** What letters and digits at odd places of an Italian fiscal code count, from 0 to 9 and A to Z. */
const ITALIAN_ODD = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
] as const;

/** German health insurance number: a letter, eight digits, check digit. */
export function isKvnr(text: string): boolean {
  return letterChecked(text, 0, [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
}

/** German pension insurance number: area, birthday (the day may be raised by 50), initial, serial, check digit. */
export function isGermanPensionNumber(text: string): boolean {
  const day = Number(text.slice(2, 4)) % 50;
  const month = Number(text.slice(4, 6));
  const dated = day >= 1 && day <= 31 && month >= 1 && month <= 12;
  return dated && letterChecked(text, 8, [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]);
}

/** A number with one letter, which counts as two digits, and weighted cross sums that give its last digit. */
function letterChecked(text: string, letter: number, weights: readonly number[]): boolean {
  const value = String((text.toUpperCase().codePointAt(letter) ?? 0) - 64).padStart(2, "0");
  const digits = text.slice(0, letter) + value + text.slice(letter + 1, -1);
  const sum = weights.reduce((total, weight, at) => total + crossSum(weight * digitAt(digits, at)), 0);
  return sum % 10 === Number(text.at(-1));
}

/** German tax id: ISO 7064 MOD 11,10, and no digit more than three times among the first ten. */
export function isGermanTaxId(digits: string): boolean {
  return passesMod11By10(digits) && Array.from(digits).every((digit) => digits.slice(0, 10).split(digit).length <= 4);
}

/** German VAT number. */
export function isGermanVat(text: string): boolean {
  return passesMod11By10(digitsOf(text));
}

/** German passport or identity card: letters count from 10, weights 7, 3, 1 (ICAO 9303). */
export function isGermanDocument(text: string): boolean {
  const sum = Array.from(text.slice(0, -1)).reduce(
    (total, char, at) => total + Number.parseInt(char, 36) * ([7, 3, 1][at % 3] as number),
    0,
  );
  return sum % 10 === Number(text.at(-1)) || /^t\d{8}$/i.test(text);
}

/** German physician number: the seventh digit checks the first six. */
export function isGermanPhysician(digits: string): boolean {
  return (10 - (weightedSum(digits, [4, 9, 4, 9, 4, 9]) % 10)) % 10 === digitAt(digits, 6);
}

/** Italian fiscal code: the last letter checks the others. */
export function isItalianFiscalCode(text: string): boolean {
  const values = Array.from(text.toUpperCase().slice(0, 15)).map(
    (char) => Number.parseInt(char, 36) % (/\d/.test(char) ? 10 : 36),
  );
  const sum = values.reduce((total, value, at) => {
    const place = value > 9 ? value - 10 : value;
    return total + (at % 2 === 0 ? (ITALIAN_ODD[place] as number) : place);
  }, 0);
  return String.fromCodePoint(65 + (sum % 26)) === text.at(-1)?.toUpperCase();
}

/** Italian VAT code: Luhn over eleven digits. */
export function isItalianVat(text: string): boolean {
  const digits = digitsOf(text);
  return !/^0+$/.test(digits) && passesLuhn(digits);
}

/** Spanish identity number (NIF), and that of foreigners (NIE), whose first letter stands for a digit. */
export function isSpanishId(text: string): boolean {
  const plain = text.toUpperCase().replaceAll("-", "");
  const number = plain.slice(0, -1).replace(/^[XYZ]/, (letter) => String("XYZ".indexOf(letter)));
  return /^\d{7,8}$/.test(number) && SPANISH_LETTERS[Number(number) % 23] === plain.at(-1);
}

/** British NHS number: weights 10 to 2, modulo 11. */
export function isNhsNumber(text: string): boolean {
  return weightedSum(digitsOf(text), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
}

/** British number plate since 2001: age identifiers 02 to 29 and 51 to 79. */
export function isBritishPlate(text: string): boolean {
  const age = Number(/^[a-z]{2}(\d\d)/i.exec(text)?.[1] ?? 2);
  return (age >= 2 && age <= 29) || (age >= 51 && age <= 79);
}

/** Swedish personal number: birthday (for coordination numbers its day raised by 60), Luhn over the last ten digits. */
export function isSwedishPerson(text: string): boolean {
  const digits = digitsOf(text).slice(-10);
  const month = Number(digits.slice(2, 4));
  const day = Number(digits.slice(4, 6));
  return month >= 1 && month <= 12 && day % 60 >= 1 && day % 60 <= 31 && passesLuhn(digits);
}

/** Swedish organisation number: third digit 2 or more, Luhn. */
export function isSwedishOrganisation(text: string): boolean {
  const digits = digitsOf(text);
  return digits.length === 10 && digitAt(digits, 2) >= 2 && passesLuhn(digits);
}

/** Finnish personal identity code: birthday and a check character modulo 31. */
export function isFinnishPerson(text: string): boolean {
  const [day, month, year] = [text.slice(0, 2), text.slice(2, 4), text.slice(4, 6)].map(Number) as [
    number,
    number,
    number,
  ];
  const number = Number(text.slice(0, 6) + text.slice(7, 10));
  return isShortDay(year, month, day) && FINNISH_LETTERS[number % 31] === text.at(-1)?.toUpperCase();
}

/** Polish PESEL: the last digit checks the others. */
export function isPesel(digits: string): boolean {
  return (10 - (weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === digitAt(digits, 10);
}

/** Turkish identity number: two check digits. */
export function isTurkishId(digits: string): boolean {
  const odd = weightedSum(digits, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
  const even = weightedSum(digits, [0, 1, 0, 1, 0, 1, 0, 1]);
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return tenth === digitAt(digits, 9) && (odd + even + tenth) % 10 === digitAt(digits, 10);
}

/** French social security number: the last two digits are 97 minus the others modulo 97. */
export function isFrenchSocialSecurity(text: string): boolean {
  const plain = text.toUpperCase().replaceAll(" ", "").replace("2A", "19").replace("2B", "18");
  return (
    isDay(2000, Math.min(Number(plain.slice(3, 5)), 12), 1) &&
    97n - (BigInt(plain.slice(0, 13)) % 97n) === BigInt(plain.slice(13))
  );
}
