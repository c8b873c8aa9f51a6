import { digitAt } from "./weighted.ts";

/** Multiplication in the dihedral group D5. */
const TIMES = [
  "0123456789",
  "1234067895",
  "2340178956",
  "3401289567",
  "4012395678",
  "5987604321",
  "6598710432",
  "7659821043",
  "8765932104",
  "9876543210",
] as const;

/** What becomes of a digit at each place, from the right. */
const PERMUTED = [
  "0123456789",
  "1576283094",
  "5803796142",
  "8916043527",
  "9453126870",
  "4286573901",
  "2793806415",
  "7046913258",
] as const;

/** The Verhoeff check (Aadhaar, Nigerian NIN). Takes digits only. */
export function passesVerhoeff(digits: string): boolean {
  let check = 0;
  for (let place = 0; place < digits.length; place++) {
    const permuted = digitAt(PERMUTED[place % 8] as string, digitAt(digits, digits.length - 1 - place));
    check = digitAt(TIMES[check] as string, permuted);
  }
  return digits.length > 0 && check === 0;
}
