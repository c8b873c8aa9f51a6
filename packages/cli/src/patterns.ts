import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { type PatternFiles, SluiceError } from "@sluice/core";
import { PATTERNS_DIR } from "./installation.ts";

/**
 * Reads the built-in grok patterns and then those of the user, which override them.
 * @param extra files or directories; of a directory every file is read, in the order of the names
 */
export async function readPatternFiles(extra: readonly string[] = []): Promise<PatternFiles> {
  const files: Record<string, string> = {};
  for (const place of [PATTERNS_DIR, ...extra]) {
    for (const file of await filesOf(place)) files[file] = await readFile(file, "utf8");
  }
  return files;
}

async function filesOf(place: string): Promise<string[]> {
  const info = await stat(place).catch((cause: unknown) => {
    throw new SluiceError("SLUICE_PATTERN", `${place}: no such pattern file or directory`, { cause });
  });
  if (!info.isDirectory()) return [place];
  const entries = await readdir(place, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && !/^\.|\.md$/.test(entry.name)).map((entry) => entry.name);
  return names.sort().map((name) => path.join(place, name));
}
