import type { Rule } from "../../rule.ts";
import { decodeBase64 } from "../../validators/decode.ts";
import { entropyOf } from "../../validators/entropy.ts";
import { isPlaceholder } from "../../validators/placeholder.ts";

/** Whole groups of four, of all kinds of characters, or long. */
function isMixedBase64(text: string): boolean {
  const mixed = /[A-Z]/.test(text) && /[a-z]/.test(text) && (/\d/.test(text) || text.length > 40);
  return text.length % 4 === 0 && mixed;
}

/** Texts that look random, with nothing but their surroundings to say what they are. */
export const randomStringRules: readonly Rule[] = [
  {
    name: "kubernetes-secret",
    title: "value in the data of a Kubernetes Secret",
    sets: ["default", "secrets"],
    keywords: ["kind: secret", "kind: 'secret", 'kind: "secret', '"kind":"secret"'],
    pattern: String.raw`(?<=\bkind:[ ]{0,4}["']?secret\b[\s\S]{0,2048}\n[ \t]{1,16}(?!namespace|name|uid|type|creationTimestamp|resourceVersion)[\w.-]{1,64}:[ ]{0,4}(?:[|>]-?\s{1,32})?["']?)(?<secret>[A-Za-z0-9+/]{10,16384}={0,2})(?=["']?\s*?(?:\n|$))|(?<=\n[ \t]{1,16}(?!namespace|name|uid|type|creationTimestamp|resourceVersion)[\w.-]{1,64}:[ ]{0,4}(?:[|>]-?\s{1,32})?["']?)(?<secret>[A-Za-z0-9+/]{10,16384}={0,2})(?=["']?\s*?\n[\s\S]{0,2048}\bkind:[ ]{0,4}["']?secret\b)`,
    ignoreCase: true,
    reach: { before: 4096, after: 4096 },
    validate: (secret) => !isPlaceholder(secret) && (secret.endsWith("=") || isMixedBase64(secret)),
    positive: ["kind: Secret\ndata:\n  extra: ⟦YWRtaW46cGFzc3dvcmQ=⟧\n"],
    negative: ["kind: ConfigMap\ndata:\n  extra: YWRtaW46cGFzc3dvcmQ=\n", "kind: Secret\ndata:\n  extra: YmFyCg==\n"],
    source: "gitleaks kubernetes-secret-yaml (MIT)",
  },
  {
    name: "encoded-credentials",
    title: "Base64 of user:password",
    sets: [],
    keywords: [],
    pattern: String.raw`(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{10,200}={1,2}(?![A-Za-z0-9+/=_-])`,
    validate: (secret) => /^[\x21-\x7e]{2,64}:[\x21-\x7e]{3,64}$/.test(decodeBase64(secret)),
    positive: ["x ⟦YWRtaW46cGFzc3dvcmQ=⟧"],
    negative: ["x bXlwYXNzd29yZA=="],
  },
  {
    name: "quoted-hex",
    title: "random-looking hexadecimal text in quotes",
    sets: [],
    keywords: [],
    pattern: String.raw`(?<quote>["'])(?<secret>[0-9a-fA-F]{16,512})\k<quote>`,
    validate: (secret) => entropyOf(secret) > 3,
    positive: ["'⟦2b00042f7481c7b056c4b410d28f33cf⟧'"],
    negative: ['"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"'],
    source: "detect-secrets HexHighEntropyString (Apache-2.0)",
  },
  {
    name: "quoted-base64",
    title: "random-looking Base64 text in quotes",
    sets: [],
    keywords: [],
    pattern: String.raw`(?<quote>["'])(?<secret>[A-Za-z0-9+/\\_-]{20,1024}={0,3})\k<quote>`,
    validate: (secret) => entropyOf(secret) > 4.5,
    positive: ['"⟦c3VwZXIgbG9uZyBzdHJpbmcgc2hvdWxkIGNhdXNlIGVub3VnaCBlbnRyb3B5⟧"'],
    negative: ['"c3VwZXIgc2VjcmV0IHZhbHVl"'],
    source: "detect-secrets Base64HighEntropyString (Apache-2.0)",
  },
  {
    name: "hex-private-key",
    title: "32 bytes in hexadecimal, as the private keys of wallets",
    sets: [],
    keywords: [],
    pattern: String.raw`(?<![0-9a-fA-F])(?<secret>[0-9a-fA-F]{64})(?![0-9a-fA-F])`,
    validate: (secret) => entropyOf(secret) > 2.5,
    positive: ["0x⟦c8f12fb8b20008e14b5a5ff4bad15af9b545d98144da8707892dcc2a2014ba58⟧"],
    negative: ["0000000000000000000000000000000000000000000000000000000000000000"],
    source: "secretlint secp256k1-privatekey (MIT)",
  },
];
