// Some of Logstash's own patterns take far longer than what they match asks for. Where a definition is word for word
// one of these, a quicker one of the same language, with the same choices, takes its place; test/lean.test.ts holds
// each of them to that.

const HEX = "[0-9A-Fa-f]{1,4}";
const BYTE = String.raw`(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const V4 = String.raw`(${BYTE}(\.${BYTE}){3})`;
const IPV6 =
  `(((${HEX}:){7}(${HEX}|:))|((${HEX}:){6}(:${HEX}|${V4}|:))|((${HEX}:){5}(((:${HEX}){1,2})|:${V4}|:))` +
  `|((${HEX}:){4}(((:${HEX}){1,3})|((:${HEX})?:${V4})|:))|((${HEX}:){3}(((:${HEX}){1,4})|((:${HEX}){0,2}:${V4})|:))` +
  `|((${HEX}:){2}(((:${HEX}){1,5})|((:${HEX}){0,3}:${V4})|:))|((${HEX}:){1}(((:${HEX}){1,6})|((:${HEX}){0,4}:${V4})|:))` +
  `|(:(((:${HEX}){1,7})|((:${HEX}){0,5}:${V4})|:)))(%.+)?`;

const quoted = (mark: string): string => String.raw`${mark}[^\\${mark}]*(?:\\.[^\\${mark}]*)*${mark}`;

/** Logstash's definition → ours. The texts are of logstash-patterns-core 4.3.4, Apache-2.0. */
export const LEAN_DEFINITIONS: ReadonlyMap<string, string> = new Map([
  // Every branch starts with up to four hex digits and a colon: one look instead of eight attempts.
  [IPV6, `(?=[0-9A-Fa-f]{0,4}:)(?:${IPV6})`],
  // Its parts cannot match one text in two ways, so that nothing needs to be atomic.
  [
    String.raw`(?>(?<!\\)(?>"(?>\\.|[^\\"]+)+"|""|(?>'(?>\\.|[^\\']+)+')|''|(?>` + "`(?>\\\\.|[^\\\\`]+)+`)|``))",
    String.raw`(?<!\\)(?:${quoted('"')}|${quoted("'")}|${quoted("`")})`,
  ],
  [
    String.raw`(?<![0-9.+-])(?>[+-]?(?:(?:[0-9]+(?:\.[0-9]+)?)|(?:\.[0-9]+)))`,
    String.raw`(?<![0-9.+-])[+-]?(?:[0-9]+(?![0-9])(?:\.[0-9]+(?![0-9])|(?!\.[0-9]))|\.[0-9]+(?![0-9]))`,
  ],
  [String.raw`(?>\d\d){1,2}`, String.raw`\d\d(?:\d\d)?`],
]);

const NESTED = /\((?:\?:)?((?:\[\^?(?:\\[^]|[^\][\\])+\]|\\[wdshWDSH]|(?<!\\)\.))([+*])\)([+*])(?![?+*{])/g;

/** The definition to use for one as written. Drops captures without a name, to which nothing may refer. */
export function lean(definition: string): string {
  const known = LEAN_DEFINITIONS.get(definition);
  if (known !== undefined) return known;
  if (!/[+*]\)[+*]/.test(definition)) return definition;
  // `([a-z]+)+` is `[a-z]+`, only that it tries every way of cutting the text up.
  return definition.replace(NESTED, (whole, set: string, inner: string, outer: string, at: number) => {
    if (/(?:^|[^\\])(?:\\\\)*\\$/.test(definition.slice(0, at))) return whole;
    return set + (inner === "+" && outer === "+" ? "+" : "*");
  });
}

/** Whether an expanded expression refers to groups by number or name, which forbids dropping any. */
export function refersToGroups(expanded: string): boolean {
  return /\\[1-9gk]|\(\?\(/.test(expanded);
}
