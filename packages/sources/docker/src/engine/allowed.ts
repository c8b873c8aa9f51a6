import { SluiceError } from "@sluice/core";

/**
 * All that sluice ever asks of an engine. Whoever may write to its socket is root on its machine, so this list is the whole
 * of what the sources can do: each path by its form, and the method is always GET.
 */
const ALLOWED: readonly RegExp[] = [
  /^\/_ping$/,
  /^\/events$/,
  /^\/containers\/json$/,
  /^\/containers\/[0-9a-f]{64}\/json$/,
  /^\/containers\/[0-9a-f]{64}\/logs$/,
];

/** The path as it is sent, with the version of the API before it. Throws for a path that is not on the list. */
export function allowedPath(path: string, apiVersion: string | null, query: Readonly<Record<string, string>>): string {
  const isAllowed = ALLOWED.some((form) => form.test(path));
  if (!isAllowed) throw new SluiceError("SLUICE_SOURCE", `sluice does not ask a Docker engine for ${path}`);
  if (apiVersion !== null && !/^\d+\.\d+$/.test(apiVersion)) {
    throw new SluiceError("SLUICE_SOURCE", "the engine's answer names no API version");
  }
  const search = new URLSearchParams(query).toString();
  return `${apiVersion === null ? "" : `/v${apiVersion}`}${path}${search === "" ? "" : `?${search}`}`;
}
