import type { Rule } from "../../rule.ts";
import { decodeBase64 } from "../../validators/decode.ts";
import { isPlaceholder, isReference } from "../../validators/placeholder.ts";
import { isTokenLike, isUuid, isWords } from "../../validators/token-like.ts";
import { argument, assigned, assignmentOf } from "./assignment.ts";

/** Keys whose values are secrets whatever they look like. */
const SECRET_KEY = String.raw`(?<!no_|has_|is_)secrete?|(?:api|auth|service|account|client|db|database|priv(?:ate)?|master|encrypt(?:ion)?|signing|shared|license|pre_?shared|consumer|webhook)[_. -]?key|(?:secret|access|auth(?:entication|ori[sz]ation)?|activation)[. -]key|mysecret`;
/** Keys whose values are secrets if they look random. */
const TOKEN_KEY = String.raw`token|cred(?:ential|s)|auth(?!or)|access|(?<![a-z])api(?![a-z])`;

/** Last words of keys that describe a secret, not hold it. */
const ABOUT =
  /^(?:s|ids?|name|names|type|types|kind|len|length|size|count|polic\w+|label|field|hint|reset|expir\w*|expires?in|age|at|date|time\w*|ttl|file\w*|path|dir|version|format|input|min|max|attempts?|enabled|disabled|required|used|usage|limit\w*|manager|provider|service|endpoint|ur[il]|uris|link|alias|vault|algorithm|alg|check|valid\w*|error|status|state|source|ref|refs|selector|pair|board|word|words|press\w*|down|up|left|right|stone|code|frame|mesh|ring|space|signature|storetype|store|keyref|list|log|logs|method|methods|mode|scheme|realm|level|ibility|or|ors|ories|ory|ing|ed|index|range|group|user|host|port|control|point|role|scope|audience|issuer|server|module|handler|class|rate|region|zone)$/;
/** First words of keys that are public or only identify something. */
const PUBLIC =
  /^(?:public|pub|foreign|primary|partition|sort|bucket|schema|sequence|natural|hot|idx|cache|csrf|xsrf|random|public_?|issuer|host|routing|idempotency|row|object|s3|group|shard|next|page|continuation|cancellation|sync|pagination|resume|cursor|matching|authenticity|verification|dummy|fake|example|mock)$/;

function isAssignedSecret(value: string, match: RegExpExecArray): boolean {
  const found = assignmentOf(value, match);
  if (found === undefined || ABOUT.test(found.after) || PUBLIC.test(found.before)) return false;
  if (isOtherFormat(value, match) || /\.(?:jar|pem|crt|cer|p12|json|ya?ml|txt|key)$/i.test(value) || value.length < 4)
    return false;
  if (found.quoted)
    return (
      !/^[[({:.+]|[([{:]$/.test(value) &&
      !(isWords(value) && /[ :]$/.test(value)) &&
      !(match.groups?.["quote"] === "`" && / /.test(value))
    );
  if (found.prose) return isTokenLike(value, { length: 12, entropy: 2.8 });
  return (
    !isWords(value) ||
    value.length > 19 ||
    / /.test(match.input.slice(match.index + match[0].length, match.index + match[0].length + 1))
  );
}

/**
 * Values whose provider's own rule decides: a PEM block, a Slack token, an AWS key, which has 40 characters, an Okta token,
 * which has 42. And hexadecimal in both cases at once, which no machine writes.
 */
function isOtherFormat(value: string, match: RegExpExecArray): boolean {
  if (
    /^-----BEGIN|^xox[a-z]-|EXAMPLE|[Aa]bcdefghijklmnopqrstuvwxyz|^(?=.*[a-f])(?=.*[A-F])[0-9a-fA-F]{32,}$/.test(value)
  )
    return true;
  const key = match.input.slice(Math.max(0, match.index - 32), match.index) + match[0].slice(0, 24);
  if (/okta/i.test(key)) return value.startsWith("00") && !/^.{41}\w$/.test(value);
  return value.length !== 40 && /^[A-Za-z0-9+/]{16,}={0,2}$/.test(value) && /aws_?(?:sec|acc)/i.test(key);
}

function isAssignedToken(value: string, match: RegExpExecArray): boolean {
  const found = assignmentOf(value, match);
  if (found === undefined || ABOUT.test(found.after) || PUBLIC.test(found.before)) return false;
  return (
    (value.includes(":") ? value.length > 100 : /^[\w.=+/~@$%&*!?#^-]+$/.test(value)) &&
    !isOtherFormat(value, match) &&
    isTokenLike(value, { length: 10, entropy: value.length < 20 ? 2.9 : 3 })
  );
}

/** Words with which `key` makes another one: keyboard, key pair, key_down_event. Taken from gitleaks (MIT). */
const COMPOUND =
  /^[_.-]?(?:alias|board|chars?|code|down|event|file|frame|hash|id|left|len|list|map|mesh|name|pair|path|press|right|ring|selector|set|signature|size|spec|stone|store|type|up|usage|value|vault|word)/i;

function isAssignedKey(value: string, match: RegExpExecArray): boolean {
  const found = assignmentOf(value, match);
  if (
    found === undefined ||
    ABOUT.test(found.after) ||
    PUBLIC.test(found.before) ||
    isUuid(value) ||
    isOtherFormat(value, match)
  )
    return false;
  if (COMPOUND.test(match.groups?.["suffix"] ?? "")) return false;
  return (
    /^[\w.=+/~]+(?:-[\w.=+/~]*){0,2}$|^(?=.*[a-z])(?=.*[A-Z])[\w.=+/~-]+$/.test(value) &&
    isTokenLike(value, { length: isMixed(value) ? 16 : 20, entropy: 3.3 }) &&
    digitsIn(value) >= 3
  );
}

function isSpacedToken(value: string): boolean {
  // Fingerprints of keys and checksums of packages are meant to be seen.
  if (/^[0-9A-F]{40}$|^sha\d+-/.test(value)) return false;
  // Words in Base64 are no random text.
  if (/^[A-Za-z .-]+$/.test(decodeBase64(value))) return false;
  return digitsIn(value) >= 4 && !isPlaceholder(value) && isTokenLike(value, { length: 20, entropy: 3.1 });
}

/** Letters in both cases, as hardly any name has them. */
const isMixed = (text: string): boolean => /[a-z].*[A-Z]|[A-Z].*[a-z].*[A-Z]/.test(text);
const digitsIn = (text: string): number => text.replaceAll(/\D/g, "").length;

/** Secrets that only their key gives away. Last in the order of rules: what knows a provider names them better. */
export const genericRules: readonly Rule[] = [
  {
    name: "secret",
    title: "value of a key that is called a secret, an API key, a private key",
    sets: ["default", "secrets"],
    keywords: ["secret", "key"],
    pattern: assigned(SECRET_KEY),
    ignoreCase: true,
    validate: isAssignedSecret,
    positive: [
      '{"client_secret":"⟦6da89121079f83b2eb6acccf8219ea98⟧"}',
      "api_key: '⟦value with quotes and spaces⟧'",
      'API_KEY = "⟦951bc382db9abad29c68634761dd6e19⟧"',
      "AWS_SECRET_ACCESS_KEY=⟦wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzMMzzKEYa⟧",
      "GET /v1?apikey=⟦c4ed6c21-9dd5-4a05-8e3f-c56d1151cce8⟧&x=1",
      "X-Api-Key: ⟦3a16750d-d363-41a4-8ebd-035408f7730f⟧",
      "Secret Key:⟦AIhq5Xyb1Gga9Q27⟧",
      "Activation key : ⟦ZAQWS-XCD3R-VBGTR-FRTGU-KLMNX⟧",
      'jwt: {secret: "⟦development#product⟧"}',
    ],
    negative: [
      'secret := ""',
      "secretName: my-tls-secret",
      'api_key="%s" % KEY',
      'SOFTLAYER_APIKEY: "insert_key_here"',
      "secret_length = X25519.secret_length",
      "- secretKey: api-key",
      'private_key = os.environ["KEY"]',
      "client-key: /etc/ssl/client.key",
      "secret=[redacted:secret]",
    ],
    source: "detect-secrets KeywordDetector (Apache-2.0)",
  },
  {
    name: "generic-token",
    title: "random-looking value of a key that is called token, credential or the like",
    sets: ["default", "secrets"],
    keywords: ["token", "cred", "auth", "access", "api"],
    pattern: assigned(TOKEN_KEY),
    ignoreCase: true,
    validate: isAssignedToken,
    positive: [
      "access_token=⟦eyJ0eXAioiJKV1slS3oASx⟧",
      '"user_auth": "⟦am9obmRvZTpkMDY5NGIxYi1jMTcxLTQ4ODYt⟧"',
      "creds = ⟦34bf0e88955ff5a1c328d6a7491acc⟧",
      "X-Auth-Token: ⟦gAAAAABhZ8x3k2Jd8sK1m⟧",
    ],
    negative: [
      "Authentication-Results: 5h.ca.iphmx.com",
      'author = "james.fake@ymail.com"',
      "token_type: bearer",
      "apiUrl=apigee.corpint.com",
      "report_access_id: e8e4df51-2054-49b0-ab1c-516ac95c691d",
      "COMMUNICATION_API_VERSION=rc0.13.0_20230412_0712-SNAPSHOT",
      "credentialsId: 'ff083f76-7804-4ef1-80e4-fe975bb9141b'",
    ],
    source: "gitleaks generic-api-key (MIT)",
  },
  {
    name: "generic-key",
    title: "random-looking value of any key that is called key",
    sets: ["default", "secrets"],
    keywords: ["key"],
    pattern: assigned(String.raw`(?<!mon|tur|hon|whis|jer|hoc|don)key`, 256),
    ignoreCase: true,
    validate: isAssignedKey,
    positive: [
      "postageapp_key=⟦abcd1234efgh5678ijkl9012mnop3456⟧",
      "Key=⟦qscgyygcsq-wdvvok7slklklaasnd8afafxd3⟧",
      'maps.key = "⟦u3Lyhd2N2MCy7ZoHS5x9⟧"',
      "any_key=⟦AIhq5Xyb1Gga9Q29⟧",
    ],
    negative: [
      "primaryKey=aCkTPwZVr2YNDUpWYCbuEL.iuh1T1x",
      '"bucket_key": "SalesResults-1.2"',
      "key=products_list_2024_01",
      "cache_key=a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
      "key: SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
      "keyword: Befaehigung_P2",
    ],
    source: "gitleaks generic-api-key (MIT)",
  },
  {
    name: "secret-argument",
    title: "secret as the second argument of a call, after its name",
    sets: ["default", "secrets"],
    keywords: ["token", "secret", "key", "passw", "cred", "auth"],
    pattern: argument(String.raw`token|secret|key|passw(?:or)?d|cred(?:ential)?s?|auth(?!or)`),
    ignoreCase: true,
    validate: (value, match) =>
      !isPlaceholder(value) &&
      !isReference(value) &&
      !ABOUT.test((match.groups?.["suffix"] ?? "").toLowerCase().replaceAll(/[_.-]/g, "")) &&
      isTokenLike(value, { length: 8, entropy: 2.5 }),
    positive: [
      'System.setProperty("X_TOKEN", "⟦A3-H6S0Q6-LFSX9R-UM1ND-CJ2QZ⟧")',
      'getenv("api_token", "⟦dafa7817-e246-48f3-91a7-e87653d587b8⟧")',
    ],
    negative: ['get("token", "default")', '"key_name", "prod5zyxlmy-cmk"'],
  },
  {
    name: "spaced-token",
    title: "random-looking text directly after the word key, token or secret",
    sets: ["default", "secrets"],
    keywords: ["key", "token", "secret", "private", "access"],
    pattern: String.raw`(?<!(?:rsa|dsa|eddsa|ecdsa|ed25519|public|host|gpg|pgp|pub|signing|fingerprint|foreign|primary|cache)[ _-]?)(?:key|token|secret|private|access)(?:(?:[ \t]{1,3}|[-_])(?:key|token|secret))?(?:[ \t]{1,4}|[ \t]{0,2}-{1,2}[ \t]{0,2})["']?(?<secret>[A-Za-z0-9_+/=.-]{20,256})(?![\w+/=:@-])`,
    ignoreCase: true,
    validate: isSpacedToken,
    positive: ["languagelayer KEY ⟦uv12wx34za56bc78de90fg12hi34jk56⟧", "web3 access key ⟦mF9xB5f4q1JqMmF9xB5f4q1JqM⟧"],
    negative: [
      "Accepted publickey for joe from 192.0.2.1 port 22 ssh2: RSA SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
      "gpg: using RSA key 9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
      "the key some-rather-long-name-of-something",
      "Server listening on key 0.0.0.0 port 22",
      "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29x",
    ],
  },
];
