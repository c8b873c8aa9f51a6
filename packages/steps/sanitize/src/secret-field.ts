import { REPLACEMENT } from "./action.ts";
import type { Rule } from "./rule.ts";

/** Rule for fields whose name says that their value is a secret: there is no text in which a pattern could see both. */
export const SECRET_FIELD: Pick<Rule, "name" | "title" | "sets"> = {
  name: "secret-field",
  title: "value of a field named like a password, token, key or cookie",
  sets: ["default", "secrets"],
};

/** How the last part of such a name ends, without `_`, `-` and case. */
const SECRET_NAME =
  /(?:password|passwd|passphrase|secret|token|apikey|secretkey|accesskey|privatekey|encryptionkey|authkey|authorization|cookie|credentials?|sessionid|jsessionid|phpsessid|pwd|passcode)$/;
/** Names with these ends that hold no secret. */
const HARMLESS_NAME = /(?:next|page|continuation|sync|cancellation)token$/;
/** What sudo calls `PWD`, under the name that Elastic has given it. */
const WORKING_DIRECTORY = /(?:^|\.)sudo\.pwd$/;
/** Values that say that there is none, or only where one is. */
const HARMLESS_VALUE =
  /^(?:|-|\*+|x+|null|nil|none|undefined|true|false|yes|no|\[(?:filtered|redacted|hidden)\]|<[^<>]*>|\/|\/(?:run|etc|var|home|root|usr|opt|srv|tmp|mnt)\/[\w./@-]*)$/i;

/** Whether the last part of a field's name says that its value is a secret. */
export function isSecretField(name: string): boolean {
  const last = name
    .slice(name.lastIndexOf(".") + 1)
    .toLowerCase()
    .replaceAll(/[-_ ]/g, "");
  return SECRET_NAME.test(last) && !HARMLESS_NAME.test(last) && !WORKING_DIRECTORY.test(name);
}

/** Whether a text may be a secret when its field's name says so. */
export function mayBeSecret(text: string): boolean {
  return !HARMLESS_VALUE.test(text.replaceAll(REPLACEMENT, "").trim());
}
