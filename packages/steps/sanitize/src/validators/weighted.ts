/** The sum of each digit times the weight at its place; weights decide how many digits count. */
export function weightedSum(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, at) => sum + weight * digitAt(digits, at), 0);
}

/** The digit at a place, as a number. */
export function digitAt(digits: string, at: number): number {
  return digits.charCodeAt(at) - 48;
}

/** The digits of a product, added: 18 counts 9. */
export function crossSum(product: number): number {
  return Math.floor(product / 10) + (product % 10);
}

/** ISO 7064 MOD 11,10, the check digit of German tax and VAT numbers: over all digits but the last, which it is. */
export function passesMod11By10(digits: string): boolean {
  let product = 10;
  for (let at = 0; at < digits.length - 1; at++) {
    const sum = (digitAt(digits, at) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === digitAt(digits, digits.length - 1);
}
