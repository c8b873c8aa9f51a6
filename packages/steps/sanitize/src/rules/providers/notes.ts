import type { Rule } from "../../rule.ts";
import { KINGFISHER, keyed, SCANNERS, secret } from "./secret.ts";

/** Keys and tokens of services for notes and boards. */
export const notesRules: readonly Rule[] = [
  keyed({
    name: "boostnote-api-key",
    title: "BoostNote API key",
    service: "boostnote",
    value: "[a-f0-9]{64}",
    minEntropy: 3,
    positive: [
      "boostnote_token=⟦1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef⟧",
      "BOOSTNOTE_SECRET=⟦a1b2c3d4e5f67890a1b2c3d4e5f67890a1b2c3d4e5f67890a1b2c3d4e5f67890⟧",
    ],
    negative: ["boostnote_token=1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcde"],
    source: KINGFISHER,
  }),
  keyed({
    name: "ditto-api-key",
    title: "Ditto API key",
    service: "ditto",
    value: String.raw`[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{12}\.[a-z0-9]{40}`,
    minEntropy: 3,
    positive: ["ditto_key = ⟦123e4567-e89b-12d3-a456-426614174000.abcdef0123456789abcdef0123456789abcdef01⟧"],
    negative: ["ditto_key = 123e4567-e89b-12d3-a456-426614174000.abcdef0123456789abcdef0123456789abcdef0"],
    source: KINGFISHER,
  }),
  keyed({
    name: "dynalist-api-key",
    title: "Dynalist API key",
    service: "dynalist",
    value: String.raw`[\w-]{128}\w{0,64}`,
    minEntropy: 3,
    positive: [
      "dynalist_key = ⟦01234567890123456789ABCQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234567890123⟧",
    ],
    negative: ["dynalist_key = 0123456789012345"],
    source: KINGFISHER,
  }),
  keyed({
    name: "mindmeister-api-key",
    title: "Mindmeister API key",
    service: "mindmeister",
    value: "[a-z0-9]{43}",
    minEntropy: 3,
    positive: ["mindmeister_token = ⟦mgdvkj45d4k3Czv2psdfd0x7g07Yof93rqtnj8fz2bm⟧"],
    negative: ["mindmeister_token = mgdvkj45d4k3Czv2psdfd0x7g07Yof93rqtnj8fz2b"],
    source: KINGFISHER,
  }),
  keyed({
    name: "miro-api-key",
    title: "Miro API key",
    service: "miro",
    value: String.raw`[a-z0-9]{27}\w{0,64}`,
    minEntropy: 3,
    positive: ["miroSECRET ⟦xyz1234567890abcdefGHIJKLMN⟧", "miroACCESS ⟦o123456789abcdefghijklmnopqrstuvwxyz⟧"],
    negative: ["miroSECRET xyz1234567890abcdefGHIJKLM"],
    source: KINGFISHER,
  }),
  secret({
    name: "notion-token",
    title: "Notion integration token",
    keywords: ["ntn_", "secret_"],
    pattern: String.raw`(?<![a-zA-Z])(?:ntn_[a-zA-Z0-9]{40,50}|secret_[a-zA-Z0-9]{43})\b`,
    positive: ["notion = ⟦secret_KWcZQBfQGS20sq4oFSnmUjZCThhr7qcqcXsaRL9xDjK⟧"],
    negative: ["notion = secret_KWcZQBfQGS20sq4oFSnmUjZCThhr7qcqcXsaRL9xDj"],
    source: SCANNERS,
  }),
  keyed({
    name: "supernotes-api-key",
    title: "SuperNotes API key",
    service: "supernotes",
    value: String.raw`[\w-]{43}\w{0,64}`,
    minEntropy: 3,
    positive: [
      "supernotesACCESSKEY-⟦supernotes_sk-abcdefghijABCDEFGHIJabcdefghijABCDEFGHIJ⟧",
      "supernotes-SECRET=⟦supernotes_sk-9876543210BCDEFG9876543210BCDEFG9876543210B⟧",
    ],
    negative: ["supernotesACCESSKEY-supernotes_sk-abcdefghijABC"],
    source: KINGFISHER,
  }),
];
