import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "./process.ts";

/** All Markdown of the project, by path from its root. */
export const DOCUMENTS = globSync(["README.md", "docs/**/*.md", "packages/**/README.md"], { cwd: ROOT }).filter(
  (file) => !file.includes("node_modules"),
);

/** The fenced blocks of one language in a document. */
export function blocksOf(file: string, language: string): string[] {
  const text = readFileSync(path.join(ROOT, file), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map((m) => m[1] as string);
}

/** Every line of the code blocks of the documents that a shell takes, fenced or, with sluice in it, indented. */
export function commandLines(): string[] {
  return DOCUMENTS.flatMap((file) => {
    const text = readFileSync(path.join(ROOT, file), "utf8");
    const indented = [...text.matchAll(/^ {4}((?:npx )?sluice .*)$/gm)].map(([, line]) => line as string);
    return [...blocksOf(file, "sh").flatMap((block) => block.split("\n")), ...indented].filter((line) => line !== "");
  });
}

/** Every pipeline in the documents, with a name for it. */
export const YAML_BLOCKS = DOCUMENTS.flatMap((file) =>
  blocksOf(file, "yaml").map((text, i) => [`${file} #${i + 1}`, text] as const),
);
