import type { S3Client } from "@aws-sdk/client-s3";
import { parseS3Address } from "./address.ts";
import type { Archive } from "./archive.ts";
import { findFiles, withoutRepeats } from "./files.ts";

/**
 * What the arguments of `sluice replay` name, in order, each file and object once.
 * @param connect gives the client for a bucket
 */
export async function findArchives(
  inputs: readonly string[],
  connect: (bucket: string) => Promise<S3Client>,
): Promise<Archive[]> {
  const found: Archive[] = [];
  for (const input of inputs) {
    const place = parseS3Address(input);
    if (!place) found.push(...(await findFiles(input)));
    else {
      // The SDK takes a while to load, and files need none of it.
      const { findObjects } = await import("./objects.ts");
      found.push(...(await findObjects(await connect(place.bucket), place)));
    }
  }
  return withoutRepeats(found);
}
