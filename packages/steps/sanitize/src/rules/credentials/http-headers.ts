import type { Rule } from "../../rule.ts";
import { isBasicCredentials } from "../../validators/decode.ts";
import { isPlaceholder, isReference } from "../../validators/placeholder.ts";

const COOKIE_ATTRIBUTES =
  /^(?:path|domain|expires|max-age|samesite|version|comment|priority|secure|httponly|partitioned|mstshash)$/i;
const isValue = (secret: string): boolean => !isPlaceholder(secret) && !isReference(secret);

/** Credentials in the fields of HTTP requests and answers, however a log writes these. */
export const httpHeaderRules: readonly Rule[] = [
  {
    name: "authorization",
    title: "credentials in an Authorization header",
    sets: ["default", "secrets"],
    keywords: ["authorization"],
    pattern: String.raw`authorization(?:\\{0,4}["'\x60\]]){0,2}[ \t]{0,8}(?:=>|[:=,])[ \t]{0,8}(?:[\[({]?\\{0,4}["'\x60]?){1,2}(?!(?:Digest|AWS4-HMAC-SHA\d+|OAuth|Hawk) \w+=)(?:(?<scheme>[A-Za-z][A-Za-z0-9_-]{1,31})[ \t]{1,8}(?:token=)?["']?)?(?<secret>[^\s"'\x60,;<>{}\\()[\]]{4,8192})`,
    ignoreCase: true,
    reach: { before: 8, after: 2048 },
    validate: (secret, match) =>
      isValue(secret) && (match.groups?.["scheme"] !== undefined || /\d/.test(secret)) && !/^\.+$/.test(secret),
    positive: [
      "Authorization: Bearer ⟦mF_9.B5f-4.1JqM⟧",
      "Authorization: Basic ⟦QWxhZGRpbjpvcGVuIHNlc2FtZQ==⟧",
      '{"authorization":["Token ⟦22cb987851bc5659l29114c⟧"]}',
      "curl -H 'Proxy-Authorization:  ⟦5eb4223e-5008-46e5-be67-c7b8f2732305⟧'",
      "authorization=Negotiate ⟦YIIJvwYGKwYBBQUCoIIJszCCCa⟧",
    ],
    negative: [
      "Authorization: Bearer $API_KEY",
      "Authorization: Token **********",
      "Authorization: Basic ...",
      "Authorization: required",
      "access-control-allow-headers: authorization, content-type",
      "Authorization: Bearer [redacted:authorization]",
    ],
  },
  {
    name: "signed-request",
    title: "signature of a request: Digest, AWS, OAuth 1, Hawk, shared access signatures",
    sets: ["default", "secrets"],
    keywords: ["response=", "signature=", "signature%3d", "mac=", "oauth_token", "sig="],
    pattern: String.raw`(?:(?<=digest[^\r\n]{0,1500})\bresponse=|(?<=hawk [^\r\n]{0,500})\bmac=|(?<![a-z])(?:x-amz-|x-goog-|oauth_)?signature(?:=|%3d)|\boauth_token(?:_secret)?=|[?&;]sig=)(?:\\?")?(?<secret>[A-Za-z0-9+/%_=-]{20,1024})`,
    ignoreCase: true,
    reach: { before: 1600, after: 1100 },
    validate: (secret) => /\d/.test(secret) && isValue(secret),
    positive: [
      'Authorization: Digest username="joe", realm="x", response="⟦6629fae49393a05397450978507c4ef1⟧"',
      "GET /k?X-Amz-Expires=60&X-Amz-Signature=⟦733255ef022bec3f2a8701cd61d4b371f3f28c9f193a1f02279211d48d5193d7⟧",
      'Authorization: OAuth oauth_token="⟦ad180jjd733klru7adq2⟧"',
    ],
    negative: ["signature=invalid", "response=200"],
  },
  {
    name: "bearer-token",
    title: "bearer token without its header",
    sets: ["default", "secrets"],
    keywords: ["bearer"],
    pattern: String.raw`\bbearer(?:["']?[ \t]{0,4}[:=,])?[ \t]{1,4}["']?(?<secret>[A-Za-z0-9._~+/-]{16,8192}={0,2})`,
    ignoreCase: true,
    reach: { before: 8, after: 2048 },
    validate: (secret) => /\d/.test(secret) && isValue(secret),
    positive: ["using Bearer ⟦AbCdEf0123456789ghij⟧ now"],
    negative: ["the bearer authentication-mechanism-of-rfc", "Bearer ****************"],
  },
  {
    name: "basic-credentials",
    title: "user and password in Base64 after the word Basic",
    sets: ["default", "secrets"],
    keywords: ["basic"],
    pattern: String.raw`\bbasic(?:["']?[ \t]{0,4}[:=,])?[ \t]{1,4}["']?(?<secret>[A-Za-z0-9+/]{6,1024}={0,2})(?![A-Za-z0-9+/=])`,
    ignoreCase: true,
    validate: isBasicCredentials,
    positive: ["auth Basic ⟦QWxhZGRpbjpvcGVuIHNlc2FtZQ==⟧"],
    negative: ["basic authentication failed", "Basic configuration"],
  },
  {
    name: "cookie",
    title: "value of a cookie",
    sets: ["default", "secrets"],
    keywords: ["cookie"],
    pattern: String.raw`(?<=cookie2?(?:\\{0,4}["'\]]){0,2}[ \t]{0,8}(?:=>|[:=])[ \t]{0,8}(?:[\[]?\\{0,4}["']){0,2}(?:[^=;\s"':]{1,128}(?:=[^;\r\n"]{0,4096})?;[ ]{0,4}){0,256}(?<name>[^=;\s"',:]{1,128})=)(?<secret>[^;\s"',\\]{1,4096})`,
    ignoreCase: true,
    reach: { before: 16, after: 8192 },
    validate: (secret, match) => !COOKIE_ATTRIBUTES.test(match.groups?.["name"] ?? "") && isValue(secret),
    positive: [
      "Cookie: sid=⟦31d4d96e407aad42⟧; lang=⟦en-US⟧",
      "Set-Cookie: sid=⟦31d4d96e⟧; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly",
      '{"cookie":"a=⟦1f⟧; b=⟦2e⟧"}',
    ],
    negative: [
      "set-cookie: Path=/",
      "cookie policy accepted",
      "Cookie: sid=[redacted:cookie]",
      "cookies: enabled=true",
    ],
  },
  {
    name: "session-cookie",
    title: "session id of a well-known server, wherever it stands",
    sets: ["default", "secrets"],
    keywords: [
      "sessid",
      "jsessionid",
      "asp.net_sessionid",
      "connect.sid",
      "laravel_session",
      "sessionid=",
      "wordpress_logged_in",
      "csrftoken=",
    ],
    pattern: String.raw`(?:phpsessid|jsessionid|asp\.net_sessionid|connect\.sid|laravel_session|\bsessionid|wordpress_logged_in_[0-9a-f]{32}|csrftoken)(?:=|%3d|["']?:[ ]{0,2}["']?)(?<secret>[A-Za-z0-9%_.!~*+/|-]{12,4096})`,
    ignoreCase: true,
    validate: (secret) => /\d/.test(secret) && isValue(secret),
    positive: ["GET /a;jsessionid=⟦1E6FEC0D14D044541DD84D2D013D29ED⟧?x=1", "PHPSESSID=⟦n6jgd8dvl2fdq1vhe3l2m9sdh1⟧"],
    negative: ["sessionid=null", "new session 12 of user joe"],
  },
];
