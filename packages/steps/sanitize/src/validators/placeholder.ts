/** Stars, dots and the like that somebody put where a secret was, and the marks of this sanitizer itself. */
const MASKED =
  /^(?:[^\p{L}\p{N}]+|(\p{L})\1{2,}|.{0,3}x{6,}.{0,3}|\[(?:redacted|hash|removed)\b.*)$|\*{3}|\.{3}$|x{8}|(.)\2{14}|^(?:redacted|hash|removed):|\[redacted/iu;

/** Something that is filled in later: `${X}`, `$X`, `{{x}}`, `<x>`, `[X]`, `%s`, `%X%`, `#{x}`, `$(x)`; or decrypted: SOPS' `ENC[…]`. */
const TEMPLATE =
  /^\\?\$\{|^\\?\$\(|^\$\d$|\$\{[A-Za-z_][\w.:-]*\}$|^\\{0,2}\$[a-z_][\w.]*(?:$|[[>:.+$(-])|\{\{[^{}]*\}\}|^\{\{|^ENC\[|^\{[^{}]*\}?$|^<[^<>]*>?$|^&lt;|^\[[a-z _-]+\]?$|^%[a-z_]\w*%?$|^#\{|^@\{|^%[+-]?\d*[sdvr]$|^%\(\w+\)s|^\(/i;

/** Program text that gets the value from somewhere. */
const CODE =
  /^(?:[\w.>:-]*(?:getenv|get_?secret|get_?password)\b|(?:process\.)?env[.[]|os\.environ|(?:var|vars|local|data|module|config|conf|settings|self|this|params?|args?|options?|opts|request|req|ctx|form|input|secrets|inputs|github|steps|needs|values|app|user|credentials?|creds)(?:\.|->|::|\[)\w|new |[a-z_][\w.:>-]*\(|@\w+\()/i;

/** Words that tell a state or a kind, where a secret would stand. */
const WORD =
  /^(?:null|nil|none|undefined|nan|true|false|yes|no|on|off|ok|n\/a|empty|unset|unknown|missing|blank|hidden|masked|filtered|redacted|removed|omitted|sanitized|encrypted|protected|private|public|required|optional|enabled|disabled|invalid|valid|incorrect|correct|wrong|expired?|failed|failure|success|changed?|reset|default|set|not|the|for|from|with|must|should|is|was|are|at|an?|and|or|to|in|of|by|has|have|will|can|cannot|can't|may|does|do|did|please|enter|minimum|too|using|user|users|username|password|passwd|passphrase|string|text|str|int|integer|bool|boolean|object|array|char|byte|type|input|include|same-origin|omit|basic|bearer|digest|negotiate|token|prompt|error|denied|accepted|rejected|authentication|authorization|permission|access|keyboard-interactive|publickey|interactive|allow|deny|permit|prohibit-password|without-password|sufficient|requisite|substack)[.,:;!?]*$/i;

/** Words inside that say that it is an example; and the example of the Kubernetes manual. */
const EXAMPLE =
  /(?:^|[^a-z])(?:examples?|sample|dummy|fake|placeholder|change[_-]?(?:me|this|it)|your|insert|replace|todo|tbd|fixme|foobar)(?:[^a-z]|$)|^[a-z_ -]*(?:fake|example|dummy|placeholder|changeme|insert_)[a-z_ -]*$|^my[_-]?(?:api|secret|auth)?[_-]?(?:key|token)\d{0,4}$|not[_-]?a?[_-]?(?:real|set|secure)(?:[^a-z]|$)|^MWYyZDFlMmU2N2Rm$/i;

/** The name of a setting instead of its value: `DB_PASSWORD`, `real_key`, `my-tls-secret`. */
const NAME =
  /^(?:[a-z][a-z0-9]*[._-]){1,6}(?:key|token|secret|password|passwd|pass|pwd|name|id|file|path|value|var|env|credentials?|creds?|ur[il])$/;

/** A file, an address or an identifier of a cloud resource. */
const PLACE =
  /^(?:(?:~|\.{1,2})\/|\/(?:run|etc|var|home|root|usr|opt|tmp|mnt|srv|dev|proc|sys|bin|sbin|lib|data|app|apps|secrets?|boot|media|private|users|volumes?)(?:\/|$)|[a-z]:[\\/]|\\\\\w|(?:https?|file|s3|gs):\/\/|arn:[a-z-]*:|projects\/|vault:|sha\d{1,3}:|md5:|ssm:)/i;

/** A path of a web site: nothing but lower case words. */
const ROUTE = /^\/(?:[a-z][a-z0-9.@_-]*\/)+[a-z0-9.@_-]*$/;

/** Says if a text stands for a secret instead of being one. */
export function isPlaceholder(value: string): boolean {
  const text = value.trim().replaceAll(/^["']|["']$/g, "");
  return text === "" || MASKED.test(text) || TEMPLATE.test(text) || WORD.test(text) || EXAMPLE.test(text);
}

/** Says if a text refers to a secret instead of being one: program text, a setting's name, a path. */
export function isReference(value: string): boolean {
  const text = value.trim();
  return (
    CODE.test(text) ||
    PLACE.test(text) ||
    ROUTE.test(text) ||
    NAME.test(text) ||
    (text === text.toUpperCase() && NAME.test(text.toLowerCase()))
  );
}
