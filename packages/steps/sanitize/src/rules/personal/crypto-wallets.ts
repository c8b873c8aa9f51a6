import type { Rule } from "../../rule.ts";
import { passesBase58Check, passesBech32 } from "../../validators/crypto-address.ts";

/** Addresses of wallets: pseudonyms of persons. */
export const cryptoWalletRules: readonly Rule[] = [
  {
    name: "bitcoin-address",
    title: "Bitcoin address with valid checksum",
    sets: ["pii"],
    keywords: [],
    pattern: String.raw`(?<![A-Za-z0-9])(?:[13][1-9A-HJ-NP-Za-km-z]{24,34}|(?:bc1|BC1)[A-Za-z0-9]{8,87})(?![A-Za-z0-9])`,
    validate: (text) => (/^bc1/i.test(text) ? passesBech32(text) : passesBase58Check(text)),
    positive: ["⟦16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ⟧", "⟦bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq⟧"],
    negative: ["16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyX", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdx"],
    source: "presidio CryptoRecognizer (MIT)",
  },
  {
    name: "age-recipient",
    title: "age public key",
    sets: [],
    keywords: ["age1"],
    pattern: String.raw`(?<![A-Za-z0-9])age1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{58}(?![A-Za-z0-9])`,
    positive: ["⟦age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj⟧"],
    negative: ["age1zvkyg2lq"],
    source: "noseyparker np.age.1 (Apache-2.0)",
  },
];
