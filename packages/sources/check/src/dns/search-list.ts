import { readFileSync } from "node:fs";

/**
 * Names to ask for in turn, as resolv.conf(5) says: one with too few dots is looked for in the domains of `search` first,
 * one with a dot at its end only as it is.
 */
export function candidates(name: string, resolvConf = readResolvConf()): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const domains = /^(?:search|domain)\s+(.*)$/m.exec(resolvConf)?.[1]?.trim().split(/\s+/) ?? [];
  const least = Number(/^options\b.*\bndots:(\d+)/m.exec(resolvConf)?.[1] ?? 1);
  const inDomains = domains.map((domain) => `${name}.${domain.replace(/\.$/, "")}`);
  return name.split(".").length - 1 >= least ? [name, ...inDomains] : [...inDomains, name];
}

function readResolvConf(): string {
  try {
    return readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return "";
  }
}
