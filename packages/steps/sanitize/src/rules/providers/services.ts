import type { Rule } from "../../rule.ts";
import { entropyOf } from "../../validators/entropy.ts";
import { isPlaceholder, isReference } from "../../validators/placeholder.ts";
import { isTokenLike, isUuid, isWords } from "../../validators/token-like.ts";
import { serviceNames } from "./service-names.ts";

/** Characters between the end of a service's name and its key, or the word that announces it. */
const GAP = 40;
/** Words that say that what follows only identifies something. */
const OTHER =
  /(?:sha|md5|commit|digest|checksum|revision|etag|trace|span|request|correlation|build|version|image|hash|file|host|node|pod|session|user.?agent)/i;

/**
 * Rules for keys of any form behind the name of a service. What knows the form of the key stands above them.
 *
 * @param ofTables Names of services that have a rule of their own.
 */
export function serviceRules(ofTables: readonly string[]): readonly Rule[] {
  const names = serviceNames(ofTables);
  const endOfLastName = lastNameFinder(names);
  const longest = Math.max(...names.map(({ length }) => length));
  /** What stands between the last name before a place and that place; undefined without a name. */
  const gapBefore = ({ input, index }: RegExpExecArray): string | undefined => {
    const before = input.slice(Math.max(0, index - GAP - longest), index);
    const end = endOfLastName(before.toLowerCase());
    return end === undefined || before.length - end > GAP ? undefined : before.slice(end);
  };
  return [serviceKey(names, gapBefore), serviceToken(names, gapBefore)];
}

type GapBefore = (match: RegExpExecArray) => string | undefined;

function serviceKey(keywords: readonly string[], gapBefore: GapBefore): Rule {
  return {
    name: "service-key",
    title: "value of a key, token or secret of a known service",
    sets: ["default", "secrets"],
    keywords,
    reach: { before: 0, after: GAP + 8 },
    pattern: String.raw`(?:key|token|secret|credentials?|password)(?:["'\]]{0,2}[ \t]{0,8}(?:=>|[:?]?=|:|\|)|[ \t]{1,4}-(?=[ \t]))[ \t]{0,8}(?:(?<quote>["'\x60])(?<secret>[^"'\x60\r\n]{8,256})\k<quote>|(?<secret>[^\s"'\x60,;&<>]{8,256}))`,
    ignoreCase: true,
    validate: (secret, match) => looksIssued(secret) && gapBefore(match)?.includes("\n") === false,
    positive: [
      'demio_key = "⟦k3LxtNzrIBG2g⟧"',
      "[DEBUG] Using alegra Key=⟦y9dxc-8xw1he31ziaqup⟧",
      "parsehub token: '⟦vZrEc1FwOqeA⟧'",
      "salesforce token - '⟦00MMW9rRmrlVvBi!gZTTPUfk_nkghR_01qsw3NdcH⟧'",
      'bulksmsKey := "⟦QGxPqRyzvt%xEKcV&#ePJGn)k0d9a⟧"',
      'postbacks_key = "⟦269de4dc-cd2d-4bfe-86ef-bd1cdb805ea0⟧"',
    ],
    negative: [
      "mailgun_key = config.mailgun_key",
      "mixpanel token: undefined",
      "browserstack_key: ${BROWSERSTACK_KEY}",
      "freshdesk key: https://acme.freshdesk.com/a/admin",
      'braintree_key = "public-key-1"',
      "replicate key=20260105",
    ],
  };
}

function serviceToken(keywords: readonly string[], gapBefore: GapBefore): Rule {
  return {
    name: "service-token",
    title: "random-looking text near the name of a service",
    sets: ["default", "secrets"],
    keywords,
    reach: { before: 0, after: GAP + 8 },
    pattern: String.raw`(?<=[\s"'\x60=:|,;({[>])(?<secret>[A-Za-z0-9_][A-Za-z0-9_+/-]{17,255}={0,2})(?=[\s"'\x60|,;)}\]<]|$)`,
    validate: (secret, match) => isIssuedToken(secret) && isPlainGap(gapBefore(match)),
    positive: [
      "airvisual, ⟦rtcbsxiee3d5au8ik14g8iqrsu8thl1pku8⟧",
      'sheets := getsmartsheet("⟦MVE7zmdxouvunYkowLzaudyX7tvMpkqJ3q52C⟧")',
      "currencycloud: ⟦1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f1a2b⟧",
    ],
    negative: [
      "GET /braintree/9f8d7c6b5a4f3e2d1c0b9a8f7e6d HTTP/1.1",
      "pulled image portainer/agent sha256:1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f1a2b",
      "metabase request 7f3c1e2a9b8d4c6f8e1a2b3c4d5e6f70 took 3 ms",
      "cloudinary: some-rather-long-name-of-something-2",
      "hypertrack block blk_7571492020523929240",
      "uGQQqXgItJ/Wrike9cm4980THzkCusk4h7L4yrV+KBnDfFuTmJl1bEayZR4kb7DJ2q\nTDfQ8PdiBU3owHcOacYaOB9u44smJ31AKBc4",
    ],
  };
}

/** Characters by which names are found: no name is shorter. */
const HEAD = 4;

/** Finds where the last of the names in a text of lower case ends. */
function lastNameFinder(names: readonly string[]): (text: string) => number | undefined {
  const byHead = new Map<string, string[]>();
  for (const name of names.toSorted((a, b) => b.length - a.length)) {
    const head = name.slice(0, HEAD);
    byHead.set(head, [...(byHead.get(head) ?? []), name]);
  }
  return (text) => {
    for (let at = text.length - HEAD; at >= 0; at--) {
      const found = byHead.get(text.slice(at, at + HEAD))?.find((name) => stands(name, text, at));
      if (found !== undefined) return at + found.length;
    }
    return undefined;
  };
}

/** Long names stand anywhere. A short one stands in random text by chance: it has to be a word, or before one of ours. */
function stands(name: string, text: string, at: number): boolean {
  if (!text.startsWith(name, at)) return false;
  if (name.length > 6) return true;
  const end = at + name.length;
  return (
    !/[a-z0-9+/]$/.test(text.slice(0, at)) && /^(?:_?(?:api|key|token|secret)|[^a-z0-9+/=]|$)/.test(text.slice(end))
  );
}

/** A value that no person would have chosen for anything but a secret. */
function looksIssued(secret: string): boolean {
  const value = secret.trim();
  if (isPlaceholder(value) || isReference(value) || isWords(value) || /^[a-z]+:\/\/|^\d[\d.:/ -]*$|[({]$/i.test(value))
    return false;
  if (isUuid(value)) return isTokenLike(value, { length: 36, entropy: 3 });
  return /\d/.test(value) && /[a-z]/i.test(value) && !/ .* /.test(value) && entropyOf(value) >= 2.5;
}

function isIssuedToken(secret: string): boolean {
  const digits = secret.replaceAll(/\D/g, "").length;
  const letters = secret.replaceAll(/[^a-z]/gi, "").length;
  if (isUuid(secret) || digits < 3 || letters < 5 || isPlaceholder(secret)) return false;
  return isTokenLike(secret, { length: 18, entropy: 3.2 });
}

function isPlainGap(gap: string | undefined): boolean {
  return gap !== undefined && !/[/?&]/.test(gap) && !OTHER.test(gap);
}
