import type { Rule } from "../../rule.ts";
import { decodeBase64, isJoseHeader } from "../../validators/decode.ts";

/** JSON Web Tokens, as such and encoded once more. */
export const jwtRules: readonly Rule[] = [
  {
    name: "jwt",
    title: "JSON Web Token, signed, unsigned or encrypted",
    sets: ["default", "secrets"],
    keywords: ["eyJ", "ewog", "eyAi"],
    pattern: String.raw`(?<![A-Za-z0-9_-])(?<header>e[yw][A-Za-z0-9_-]{8,2048}={0,2})(?:\.[A-Za-z0-9_-]{4,16384}={0,2}(?:\.[A-Za-z0-9_/+-]{0,4096}={0,2}){0,3})`,
    reach: { before: 8, after: 1024 },
    validate: (_, match) => isJoseHeader(match.groups?.["header"] ?? ""),
    positive: [
      "token ⟦eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJsb2dnZWRJbkFzIjoiYWRtaW4ifQ.gzSraSYS8EXBxLN_oWnFSRgCzcmEmMjLiuyu5CSpyHI⟧",
      "⟦eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJuYW1lIjoiSm9lIn0⟧",
    ],
    negative: ["eyJAAAA.eyJBBB", "eyJBB.eyJCC.eyJDDDD", "hey.eyes.are.open"],
  },
  {
    name: "jwt-base64",
    title: "JSON Web Token, encoded in Base64 once more",
    sets: ["default", "secrets"],
    keywords: ["ZXlK"],
    pattern: String.raw`(?<![A-Za-z0-9+/_-])ZXlK[A-Za-z0-9+/_-]{40,8192}={0,2}`,
    validate: (secret) => /^ey[\w-]+\.ey/.test(decodeBase64(secret)),
    positive: ["⟦ZXlKaGJHY2lPaUpJVXpJMU5pSXNJblI1Y0NJNklrcFhWQ0o5LmV5SnNiMmRuWldSSmJrRnpJam9pWVdSdGFXNGlmUS54⟧"],
    negative: ["ZXlKaGJHY2lPaUpJVXpJMU5pSXNJblI1Y0NJNklrcFhWQ0o5"],
  },
];
