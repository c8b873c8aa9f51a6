import type { Rule } from "../../rule.ts";
import { isPlaceholder, isReference } from "../../validators/placeholder.ts";
import { isTokenLike } from "../../validators/token-like.ts";

const isValue = (value: string): boolean => !isPlaceholder(value) && !isReference(value);

/** Secrets in sentences and statements, where no sign of assignment stands before them. */
export const statementRules: readonly Rule[] = [
  {
    name: "secret-in-sentence",
    title: "random-looking password, token or key that a sentence tells",
    sets: ["default", "secrets"],
    keywords: ["password is", "password was", "secret is", "token is", "token was", "key is"],
    pattern: String.raw`(?:password|secret|token|key) (?:is|was):? {1,2}(?<secret>[^\s"'\x60<>,;()]{8,256})(?<![.:])(?=["'\x60<>,;().]{0,3}(?:\s|$))`,
    ignoreCase: true,
    validate: (value, match) => {
      // A key's fingerprint has colons; and many things are called keys.
      const isKey = match[0].slice(0, 3).toLowerCase() === "key";
      return (
        isValue(value) &&
        isTokenLike(value, { length: isKey ? 16 : 8, entropy: 2.7 }) &&
        !(isKey && value.includes(":"))
      );
    },
    positive: [
      "the token is ⟦bace4d19-fa7e-42e4-9afe-9129474bcd81⟧",
      "Your API key is ⟦2afddb813193eb9d3b5bd99bf5d834cd⟧, keep it",
      "Your new password is ⟦hG7sk2Lq9⟧.",
    ],
    negative: [
      "the password is required",
      "token is invalid",
      "the secret is ${SECRET}",
      "key is 2048-bit",
      "The RSA host key is SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8.",
    ],
  },
  {
    name: "sql-password",
    title: "password without quotes in a statement of SQL",
    sets: ["default", "secrets"],
    keywords: ["identified by", "login password", "encrypted password"],
    pattern: String.raw`(?:identified by|(?:login|encrypted) password)[ \t]{1,8}(?<secret>[^\s"'\x60;,()\\]{6,128})`,
    ignoreCase: true,
    validate: (value) => isValue(value) && /\d/.test(value) && /[a-z]/i.test(value),
    positive: ["ALTER USER joe IDENTIFIED BY ⟦SqLpa5sW0rD⟧;", "CREATE ROLE app WITH LOGIN PASSWORD ⟦SqLpa5sW0rD⟧;"],
    negative: ["identified by password", "identified by number 123456", "login password incorrect"],
    source: "CredSweeper, samples (MIT)",
  },
  {
    name: "curl-option-secret",
    title: "password or token that a program gives to libcurl",
    sets: ["default", "secrets"],
    keywords: ["curlopt_"],
    pattern: String.raw`CURLOPT_\w{0,24}(?:PASSWORD|PASSWD|USERPWD|XOAUTH2_BEARER|USERNAME_PASSWORD)["']?[ \t]{0,4}(?:,|=>)[ \t]{0,4}(?<quote>["'])(?<secret>[^"'\r\n]{4,256})\k<quote>`,
    ignoreCase: true,
    validate: isValue,
    positive: ['curl_easy_setopt(curl, CURLOPT_USERPWD, "⟦root:dkb82VddSD⟧");', "CURLOPT_PASSWORD => '⟦hunter2⟧',"],
    negative: ['curl_easy_setopt(curl, CURLOPT_URL, "https://example.com");', "CURLOPT_PASSWORD, password);"],
    source: "CredSweeper, samples (MIT)",
  },
  {
    name: "secure-string",
    title: "text that PowerShell makes a secure string of",
    sets: ["default", "secrets"],
    keywords: ["convertto-securestring"],
    pattern: String.raw`ConvertTo-SecureString(?:[ \t]{1,4}-(?!Key)[a-z]{1,16}){0,4}[ \t]{1,4}\\?(?:(?<quote>["'])(?<secret>[^"'\r\n\\]{3,512})|(?<secret>[^\s"'$(-][^\s"']{2,512}))`,
    ignoreCase: true,
    validate: isValue,
    positive: [
      'ConvertTo-SecureString "⟦P@ssW0rD!⟧" -AsPlainText -Force',
      "ConvertTo-SecureString -String -Force ⟦dsjUE#$gds8s⟧",
    ],
    negative: ["ConvertTo-SecureString $password -AsPlainText", "Get-Content f | ConvertTo-SecureString"],
    source: "CredSweeper, samples (MIT)",
  },
];
