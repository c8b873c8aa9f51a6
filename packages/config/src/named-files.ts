import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import { reasonOf } from "./files.ts";
import type { LoadedPipeline } from "./load.ts";
import type { LocatedNode, ScalarNode } from "./node.ts";
import type { Problems } from "./problem.ts";

/** Options in a map `tls` that name PEM files. */
const PEM_FILES: readonly string[] = ["ca", "cert", "key"];

/** Reports certificates, keys and credentials that cannot be read. */
export async function reportMissingFiles({ components, baseDir }: LoadedPipeline, problems: Problems): Promise<void> {
  const files = components.flatMap(({ kind, node }) => (kind === "step" ? [] : namedFiles(node, "")));
  await Promise.all(
    files.map(async ({ at, value }) => {
      await access(resolve(baseDir, String(value)), constants.R_OK).catch((error: unknown) => {
        problems.error(at, `cannot read ${String(value)}: ${reasonOf(error)}`, "--no-files does not look");
      });
    }),
  );
}

function namedFiles(node: LocatedNode, parent: string): ScalarNode[] {
  if (node.kind === "list") return node.items.flatMap((item) => namedFiles(item, ""));
  if (node.kind !== "map") return [];
  return [...node.entries].flatMap(([key, { node: child }]) => {
    const isFile = (parent === "tls" && PEM_FILES.includes(key)) || (parent === "" && key === "credentials");
    const isWritten = child.kind === "scalar" && typeof child.value === "string" && !child.failed;
    return isFile && isWritten ? [child] : namedFiles(child, key);
  });
}
