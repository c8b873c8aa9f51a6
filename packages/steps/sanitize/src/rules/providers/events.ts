import type { Rule } from "../../rule.ts";
import { KINGFISHER, keyed } from "./secret.ts";

/** Keys and tokens of services for appointments, events and journeys. */
export const eventsRules: readonly Rule[] = [
  keyed({
    name: "calendarific-api-key",
    title: "Calendarific API key",
    service: "calendarific",
    value: "[a-z0-9]{32}",
    minEntropy: 1.5,
    positive: [
      "calendarific token ⟦xyzxyzxyzxyzxyzxyzxyzxyzxyzxyz12⟧",
      "calendarific SECRET=⟦abcdefabcdefabcdefabcdefabcdef12⟧",
    ],
    negative: ["calendarific token xyzxyzxyzxyzxyzxyzxyzxyzxyzxyz1"],
    source: KINGFISHER,
  }),
  keyed({
    name: "calendly-api-key",
    title: "Calendly API key",
    service: "calendly",
    value: String.raw`eyj[\w-]{100,300}\.eyj[\w-]{100,300}\.[\w-]{1,256}`,
    minEntropy: 3,
    positive: [
      "calendly_token=eyJhbGciOiJIUzI1NiJ9.⟦eyJpc3MiOiJjYWxlbmRseS5jb20iLCJpYXQiOjE2MjM0NTY3ODksImV4cCI6MTYyMzQ2MDM4OSwiYXVkIjoiY2FsZW5kbHkuY29tIiwic3ViIjoiYWJjZGVmMTIzNDU2Nzg5MCJ9.eyJpc3MiOiJjYWxlbmRseS5jb20iLCJpYXQiOjE2MjM0NTY3ODksImV4cCI6MTYyMzQ2MDM4OSwiYXVkIjoiY2FsZW5kbHkuY29tIiwic3ViIjoiYWJjZGVmMTIzNDU2Nzg5MCJ9.abcdefghijklmnopqrstuvwxyz⟧",
    ],
    negative: ["calendly_token=eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJjYWxl"],
    source: KINGFISHER,
  }),
  keyed({
    name: "eventbrite-api-key",
    title: "Eventbrite API key",
    service: "eventbrite",
    value: String.raw`[a-z0-9]{20}\w{0,64}`,
    minEntropy: 3,
    positive: ["eventbrite token ⟦ABCDEF1234567890QRST⟧", "eventbrite secretkey ⟦X7W8HTTHLVYXPPVRZJZS⟧"],
    negative: ["eventbrite token ABCDEF1234567890QRS"],
    source: KINGFISHER,
  }),
  keyed({
    name: "livestorm-api-key",
    title: "Livestorm API key",
    service: "livestorm",
    value: String.raw`eyjhbgcioijiuzi1nij9\.eyjhdwqioijhcgkubgl2zxn0b3jtlmnviiwianrpijoi[a-z0-9-]{134}\.[\w-]{43}\w{0,64}`,
    minEntropy: 3,
    positive: [
      "livestorm_key = ⟦eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJhcGkubGl2ZXN0b3JtLmNvIiwianRpIjoil0pz62xfowrlpz3d9lwwyzv125aki8owjtnjd6of4piljvf8le79e6nxntfq09hsmsjqkto39wqofr3vkbcmz6usf769cay494u1ssxm8b2s5v5x971kfnqj132kirm3jxxal2.bgfwv9h4cb0t4fmfsxgc18fvc19cn8a5oeco84oq2kd⟧",
    ],
    negative: ["livestorm_key = eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJhcGku"],
    source: KINGFISHER,
  }),
  keyed({
    name: "ticket-tailor-api-key",
    title: "Ticket Tailor API key",
    service: "tickettailor",
    value: String.raw`sk_\d{4}_\d{6}_[a-f0-9]{32}\w{0,64}`,
    minEntropy: 3,
    positive: [
      "tickettailor secret ⟦sk_1234_123456_1a2b3c4d5e6f1a2b3c4d5e6f1a2b3c4d⟧",
      "tickettailor key ⟦sk_5678_234567_abcdefabcdefabcdefabcdefabcdefabcdef⟧",
    ],
    negative: ["tickettailor secret sk_1234_123456_1a2b3c4d5e6f1a2b3c4d5e6f1a2b3c4"],
    source: KINGFISHER,
  }),
  keyed({
    name: "ticketmaster-api-key",
    title: "TicketMaster API key",
    service: "ticketmaster",
    value: "[a-z0-9]{32}",
    minEntropy: 3,
    positive: [
      "ticketmaster_key=⟦7BKWGCh4nXY9vFjQPtMDL3Z5RxS8qJaV⟧",
      "TICKETMASTER_API_KEY=⟦DgH2MkP9wLcN4vQxZjR8sTbF6nKmVyB3⟧",
    ],
    negative: ["ticketmaster_key=7BKWGCh4nXY9vFjQPtMDL3Z5RxS8qJa"],
    source: KINGFISHER,
  }),
  keyed({
    name: "travelpayouts-api-key",
    title: "TravelPayouts API key",
    service: "travelpayouts",
    value: "[a-z0-9]{32}",
    minEntropy: 3,
    positive: ["travelpayouts_key = ⟦abcdef0123456789abcdef0123456789⟧"],
    negative: ["travelpayouts_key = abcdef0123456789abcdef012345678"],
    source: KINGFISHER,
  }),
];
