import type { Value } from "@sluice/core";
import { setField } from "@sluice/core";
import { parseTemplate } from "./template.ts";

/** Takes secrets out of a text that no option's name gives away. */
export type Hide = (text: string) => string;

const HIDDEN = "***";
/** Options whose value is a secret. Not `key`, which names a file, a field or a template. */
const SECRET =
  /(?:^|[_.-])(?:password|passwd|passphrase|secret|token|bearer|seed)(?:[_.-]|$)|^hash_key$|^access_key_id$|api[_-]?key/i;
/** Maps of a user's own keys, of which any may be a secret. */
const SECRET_MAPS: ReadonlySet<string> = new Set(["headers", "environment"]);

/** Options without secrets: passwords and the like, in URLs too. What `${…}` names is not there in the first place. */
export function hideSecrets(value: Value, hide: Hide): Value {
  if (typeof value === "string") return hide(hideInUrl(value));
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, hide));
  if (typeof value !== "object" || value === null) return value;
  const shown: { [key: string]: Value } = {};
  for (const [key, child] of Object.entries(value)) {
    const isSecret = SECRET.test(key) || SECRET_MAPS.has(key);
    setField(shown, key, isSecret ? hideAll(child) : hideSecrets(child, hide));
  }
  return shown;
}

function hideAll(value: Value): Value {
  if (Array.isArray(value)) return value.map(hideAll);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, hideAll(child)]));
  }
  return typeof value === "string" ? hideText(value) : HIDDEN;
}

/** A lone `${VAR}` or `${file:…}` says nothing and stays; its default would. */
function hideText(text: string): string {
  const [only, ...others] = parseTemplate(text);
  if (only === undefined || typeof only === "string" || others.length > 0) return text === "" ? text : HIDDEN;
  const { reference } = only;
  if (reference.kind === "file" || reference.fallback?.kind !== "default") return text;
  return `\${${reference.name}:-${HIDDEN}}`;
}

const REFERENCE = String.raw`\$\{[^}]*\}`;
const USER_INFO = new RegExp(String.raw`(://(?:${REFERENCE}|[^/?#@:\s])*:)((?:${REFERENCE}|[^/?#@\s])+)(?=@)`, "g");
const PARAMETER = new RegExp(
  String.raw`([?&][\w.-]*(?:token|secret|passw(?:or)?d|signature|key)=)((?:${REFERENCE}|[^&#\s])+)`,
  "gi",
);

function hideInUrl(text: string): string {
  const hidden = (_all: string, before: string, secret: string): string => before + hideText(secret);
  return text.replace(USER_INFO, hidden).replace(PARAMETER, hidden);
}
