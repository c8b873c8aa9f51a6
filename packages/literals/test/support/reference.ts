/** Every occurrence of every literal, found one after the other: what the finder has to agree with. */
export function occurrences(literals: readonly string[], bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes)
    .toString("latin1")
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const found: string[] = [];
  for (const [number, literal] of literals.entries()) {
    const wanted = literal.toLowerCase();
    for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) found.push(`${number}@${at}`);
  }
  return found.sort();
}
