import type { CodeSet } from "./syntax.ts";

/** Full case folding of one character; it may be up to three characters (`ß` → `ss`). */
export function foldCode(code: number): string {
  if (code < 0x80) return code >= 0x41 && code <= 0x5a ? String.fromCharCode(code + 32) : String.fromCharCode(code);
  return String.fromCodePoint(code).toLowerCase().toUpperCase().toLowerCase();
}

export function foldText(text: string): string {
  let folded = "";
  for (const char of text) folded += foldCode(char.codePointAt(0)!);
  return folded;
}

let variants: Map<string, number[]> | undefined;

/** Every character whose folding is the same as that of `code`, itself included. */
function caseVariants(code: number): readonly number[] {
  return tableOfVariants().get(foldCode(code)) ?? [code];
}

/** Characters that fold to several, with what they fold to. */
export function multiFolds(): ReadonlyMap<number, string> {
  const result = new Map<number, string>();
  for (const [fold, codes] of tableOfVariants())
    if (Array.from(fold).length > 1) for (const code of codes) result.set(code, fold);
  return result;
}

function tableOfVariants(): Map<string, number[]> {
  if (variants) return variants;
  const table = new Map<string, number[]>();
  for (const block of [
    [0, 0x2fff],
    [0xa640, 0xabff],
    [0xfb00, 0xfb17],
    [0xff21, 0xff5a],
    [0x10400, 0x104ff],
    [0x1e900, 0x1e943],
  ]) {
    for (let code = block[0]!; code <= block[1]!; code++) {
      const fold = foldCode(code);
      const same = table.get(fold);
      if (same) same.push(code);
      else table.set(fold, [code]);
    }
  }
  variants = new Map(
    [...table].filter(([fold, codes]) => codes.length > 1 || fold !== String.fromCodePoint(codes[0]!)),
  );
  return variants;
}

/** The set with all case variants of its members; `crossing` false: not over the border of ASCII. */
export function caseInsensitive(set: CodeSet, crossing: boolean): CodeSet {
  return (code) =>
    set(code) || caseVariants(code).some((other) => (crossing || other < 0x80 === code < 0x80) && set(other));
}
