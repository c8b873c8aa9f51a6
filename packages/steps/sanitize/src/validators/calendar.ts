/** Says if year, month and day (1-based) are a day of the Gregorian calendar. */
export function isDay(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** Says if the day `yymmdd` exists in the 20th or the 21st century: 000229 does, 990229 does not. */
export function isShortDay(year: number, month: number, day: number): boolean {
  return isDay(2000 + year, month, day) || isDay(1900 + year, month, day);
}
