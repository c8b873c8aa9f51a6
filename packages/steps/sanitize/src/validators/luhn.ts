/** The Luhn check of ISO/IEC 7812-1: every second digit from the right counts double. Takes digits only. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = digits.length - 1, double = false; i >= 0; i--, double = !double) {
    const digit = digits.charCodeAt(i) - 48;
    if (double) sum += digit > 4 ? digit * 2 - 9 : digit * 2;
    else sum += digit;
  }
  return digits.length > 1 && sum % 10 === 0;
}

/** Removes everything but ASCII digits. */
export function digitsOf(text: string): string {
  return text.replaceAll(/\D+/g, "");
}
