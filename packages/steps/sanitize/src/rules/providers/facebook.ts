import type { Rule } from "../../rule.ts";
import { GITLEAKS, keyed, SCANNERS, secret } from "./secret.ts";

/** Keys and tokens of Facebook. */
export const facebookRules: readonly Rule[] = [
  secret({
    name: "facebook-access-token",
    title: "Facebook access token",
    keywords: ["eaac", "eaam", "eaab", "eaad", "eaag", "eaaj", "eaah"],
    pattern: String.raw`\bEAA[a-zA-Z][a-zA-Z0-9]{24,600}\b`,
    positive: [
      "url = 'https://graph.facebook.com/me/friends?access_token=⟦EAACEdEose0cBAD5XZCz5JXYvqyeJzcSvFZC42toHiWyfjhcZCMZBZCpE3uRJnEBsrhUEMRK1wWs6SsdiDCaCI1mYwyoNuMix2XZCpvsKbZB9TumtZBlcLeIpl4pa931Ce9rTinEAhtyVVZAAZAX4NmfpBUqWtzCRC0fX5GZBn7ZC28mPKAZDZD⟧'",
    ],
    negative: ["url = 'https://graph.facebook.com/me/friends?access_token=EAACEdEose0cBAD5'"],
    source: SCANNERS,
  }),
  secret({
    name: "facebook-app-id",
    title: "Facebook app id",
    keywords: ["facebook", "fb_app", "fb-app", "fbapp", "fb app", "fb.app"],
    pattern: String.raw`\b(?:facebook[^]{0,8}?|fb[_. -]?)app(?:lication)?[^]{0,16}?\b(?<secret>\d{15})\b`,
    ignoreCase: true,
    positive: ["fb_app_id: ⟦123456789012345⟧", "FACEBOOK_APPLICATION_ID=⟦123456789012345⟧"],
    negative: ["fb_app_id: 12345678901234"],
    source: SCANNERS,
  }),
  keyed({
    name: "facebook-app-secret",
    title: "Facebook secret",
    service: "facebook",
    value: "[a-f0-9]{32}",
    minEntropy: 3,
    positive: ['facebook_api_token = "⟦7Ef834c352dD0488922260AC2dDd0217⟧"'],
    negative: ['facebook_api_token = "7Ef834c352dD0488922260AC2dDd021"'],
    source: GITLEAKS,
  }),
  secret({
    name: "facebook-app-token",
    title: "Facebook app access token",
    keywords: ["facebook", "fb_", "fb-", "fb "],
    pattern: String.raw`(?:facebook|\bfb[_ -])[^]{0,48}?(?<![\w|])(?<secret>\d{15,16}(?:\||%)[\w-]{27,40})(?![\w-])`,
    ignoreCase: true,
    positive: ["facebook ⟦1308742762612587|rhoK1cbv0DOU_RTX_87O4MkX7AI⟧"],
    negative: ["facebook 1308742762612587|rhoK1cbv0DOU_RTX_87O4MkX7A"],
    source: SCANNERS,
  }),
  secret({
    name: "facebook-app-token-bare",
    title: "Text of the form of a Facebook app access token",
    certainty: "guess",
    keywords: [],
    pattern: String.raw`(?<![\w|])\d{15,16}(?:\||%)[\w-]{27,40}(?![\w-])`,
    positive: ["⟦2461794275459633%31eSdOao9wOdxBKKFO6uNI9MOB7vgD⟧"],
    negative: ["2461794275459633"],
    source: SCANNERS,
  }),
  secret({
    name: "facebook-secret",
    title: "Facebook app secret",
    keywords: ["facebook", "fb_", "fb-", "fb.", "fbapp", "fbsec", "fbkey", "fbapi", "fbcli", "fbcon", "fbcus"],
    pattern:
      "\\b(?:facebook.?|fb[_.-]?)(?:api|app(?:lication)?|client|consumer|customer|secret|key).?(?:key|oauth|sec(?:ret)?)?[\\s\"'(),:;=>\\\\`]{0,24}?\\b(?<secret>[a-z0-9]{32})\\b",
    ignoreCase: true,
    positive: [
      "    var fbApiKey = '⟦0278fc1adf6dc1d82a156f306ce2c5cc⟧';",
      '"facebook appSecret = "⟦ce3f9f0362bbe5ab01dfc8ee565e4372⟧"',
    ],
    negative: ["var fbApiKey = '0278fc1adf6dc1d82a156f306ce2c5c';"],
    source: SCANNERS,
  }),
];
