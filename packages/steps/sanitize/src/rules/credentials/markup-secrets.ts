import type { Rule } from "../../rule.ts";
import { isPlaceholder, isReference } from "../../validators/placeholder.ts";
import { isTokenLike } from "../../validators/token-like.ts";

const isValue = (secret: string): boolean => !isPlaceholder(secret) && !isReference(secret);
/** Jenkins puts what it has encrypted in braces, in which others write what is to be filled in. */
const isInBraces = (secret: string): boolean => {
  const words = /^\{([^{}$]+)\}$/.exec(secret)?.[1]?.trim().split(/\s+/) ?? [];
  return words.length <= 3 && words.some((word) => isTokenLike(word, { length: 16, entropy: 3 }) && isValue(word));
};
const SECRET_NAME = String.raw`[\w.-]{0,48}(?:passw(?:or)?d|passphrase|pwd|secret|api-?key|token|credential|private-?key|(?<![a-z])pass)`;

/** Secrets in XML, and in calls and constructors that take them. */
export const markupSecretRules: readonly Rule[] = [
  {
    name: "xml-secret",
    title: "secret in an XML element",
    sets: ["default", "secrets"],
    keywords: [
      "password>",
      "passwd>",
      "secret>",
      "token>",
      "pwd>",
      "apikey>",
      "api-key>",
      "passphrase>",
      "pass>",
      "privatekey>",
      "credential>",
      "wsse:",
    ],
    pattern: String.raw`<(?<tag>(?:[\w-]{1,32}:)?${SECRET_NAME})(?:\s[^<>]{0,256})?>\s{0,32}(?<secret>[^<>\s][^<>\r\n]{1,1024}?)\s{0,32}</\k<tag>`,
    ignoreCase: true,
    validate: (secret) => isValue(secret) || isInBraces(secret),
    positive: [
      "<db><password>⟦hunter2⟧</password></db>",
      "<secret>⟦{AQAAABAAAAAwbZ8sX1q9Lr3kYt0vN2mC}⟧</secret>",
      '<wsse:Password Type="x">⟦hunter2⟧</wsse:Password>',
      "<apiToken>\n  ⟦abc123def456⟧\n</apiToken>",
    ],
    negative: [
      "<password></password>",
      "<password>${db.password}</password>",
      "<password>{db-password}</password>",
      "<password>***</password>",
    ],
  },
  {
    name: "xml-attribute-secret",
    title: "secret in the value of an XML or HTML element that names it",
    sets: ["default", "secrets"],
    keywords: ["value=", "value ="],
    pattern: String.raw`(?:key|name|id)\s{0,4}=\s{0,4}["'](?<name>[\w.:-]{0,48}(?:passw(?:or)?d|passphrase|pwd|secret|api_?key|token|credential)[\w.:-]{0,24})["'][^<>]{0,128}?\svalue\s{0,4}=\s{0,4}["'](?<secret>[^"'<>\r\n]{4,512})["']`,
    ignoreCase: true,
    validate: (secret, match) =>
      isValue(secret) &&
      !/(?:name|type|url|length|file|path|policy|field|label|location|size)$|authenticity|csrf|verification/i.test(
        match.groups?.["name"] ?? "",
      ),
    positive: [
      '<add key="ClearTextPassword" value="⟦CleartextPassword1⟧" />',
      '<input type="hidden" name="auth_token" value="⟦d41d8cd98f⟧">',
    ],
    negative: ['<add key="ClearTextPassword" value="abc" />', '<add key="PasswordPolicy" value="strict" />'],
    source: "noseyparker np.generic.9, gitleaks nuget-config-password (Apache-2.0, MIT)",
  },
  {
    name: "form-data-secret",
    title: "secret in a field of a multipart form",
    sets: ["default", "secrets"],
    keywords: ["form-data"],
    pattern: String.raw`form-data;\s{0,4}name=\\?"(?:${SECRET_NAME})[\w.-]{0,24}\\?"(?:\r?\n|(?:\\r)?\\n){2}(?<secret>[^\r\n\\]{1,1024})`,
    ignoreCase: true,
    validate: isValue,
    positive: [
      'Content-Disposition: form-data; name="password"\r\n\r\n⟦hunter2⟧\r\n--x',
      String.raw`form-data; name=\"password\"\r\n\r\n⟦hunter2⟧\r\n--x`,
    ],
    negative: ['form-data; name="file"\r\n\r\nhunter2'],
  },
  {
    name: "dotnet-credential",
    title: "password in a .NET credential object",
    sets: ["default", "secrets"],
    keywords: ["networkcredential", "directoryentry", "usernamepasswordcredential"],
    pattern: String.raw`\b(?:NetworkCredential\s{0,4}\(\s{0,32}"[^"\n]{3,64}"\s{0,4},\s{0,32}"(?<secret>[^"\n]{3,64})"|DirectoryEntry\s{0,4}\(\s{0,32}"[^"\n]{3,128}"\s{0,4},\s{0,64}"[^"\n]{3,64}"\s{0,4},\s{0,64}"(?<secret>[^"\n]{3,64})")`,
    ignoreCase: true,
    positive: [
      'new NetworkCredential("joe@example.com", "⟦vzihlaquknriqlht⟧");',
      'new DirectoryEntry("LDAP://EXAMPLE.COM", "JOE@EXAMPLE.COM", "⟦Rrhh1234⟧");',
    ],
    negative: ['new NetworkCredential("joe", password)'],
    source: "noseyparker np.generic.7-8 (Apache-2.0)",
  },
];
