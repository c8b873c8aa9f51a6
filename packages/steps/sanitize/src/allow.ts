import { SluiceError } from "@sluice/core";

/** Whether a secret is on the list of those that are none. */
export type Allowed = (secret: string) => boolean;

/** Compiles an allow-list: literals, or patterns written `/…/` or `/…/i`. Throws SluiceError for a wrong pattern. */
export function compileAllowed(entries: readonly string[]): Allowed {
  const literals = new Set<string>();
  const patterns: RegExp[] = [];
  for (const entry of entries) {
    const pattern = patternIn(entry);
    if (pattern) patterns.push(pattern);
    else literals.add(entry);
  }
  return (secret) => literals.has(secret) || patterns.some((pattern) => pattern.test(secret));
}

function patternIn(entry: string): RegExp | null {
  const [, source, flags] = /^\/(.+)\/(i?)$/s.exec(entry) ?? [];
  if (source === undefined) return null;
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new SluiceError("SLUICE_CONFIG", `\`${entry}\` is not a regular expression: ${(error as Error).message}`, {
      written: entry,
      hint: "a literal is written without slashes",
    });
  }
}
