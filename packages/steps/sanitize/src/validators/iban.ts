/**
 * Structure of the account number (BBAN) after country and check digits: `8n16c` is eight digits, then sixteen
 * letters or digits; `a` is a letter. From the SWIFT IBAN registry.
 */
const STRUCTURES = new Map<string, string>(
  [
    "AD 8n12c, AE 19n, AL 8n16c, AT 16n, AZ 4c20n, BA 16n, BE 12n, BG 4a6n8c, BH 4a14c, BI 23n, BR 23n1a1c",
    "BY 4c4n16c, CH 5n12c, CR 18n, CY 8n16c, CZ 20n, DE 18n, DJ 23n, DK 14n, DO 4c20n, EE 16n, EG 25n, ES 20n",
    "FI 14n, FK 2a12n, FO 14n, FR 10n11c2n, GB 4a14n, GE 2a16n, GI 4a15c, GL 14n, GR 7n16c, GT 24c, HN 4a20n",
    "HR 17n, HU 24n, IE 4c14n, IL 19n, IQ 4a15n, IS 22n, IT 1a10n12c, JO 4a22n, KW 4a22c, KZ 3n13c, LB 4n20c",
    "LC 4a24c, LI 5n12c, LT 16n, LU 3n13c, LV 4a13c, LY 21n, MC 10n11c2n, MD 20c, ME 18n, MK 3n10c2n, MN 16n",
    "MR 23n, MT 4a5n18c, MU 4a19n3a, NI 4a20n, NL 4a10n, NO 11n, OM 3n16c, PK 4c16n, PL 24n, PS 4c21n, PT 21n",
    "QA 4a21c, RO 4a16c, RS 18n, RU 14n15c, SA 2n18c, SC 4a20n3a, SD 14n, SE 20n, SI 15n, SK 20n, SM 1a10n12c",
    "SO 19n, ST 21n, SV 4a20n, TL 19n, TN 20n, TR 5n17c, UA 6n19c, VA 18n, VG 4c16n, XK 16n, YE 4a4n18c",
  ].flatMap((line) => line.split(", ").map((entry) => entry.split(" ") as [string, string])),
);

const CLASSES: Readonly<Record<string, string>> = { n: "[0-9]", a: "[A-Z]", c: "[A-Z0-9]" };
const compiled = new Map<string, RegExp>();

/** Says if a text is an IBAN: known country, its structure, check digits by ISO 7064 mod 97. Takes no separators. */
export function isIban(iban: string): boolean {
  const structure = STRUCTURES.get(iban.slice(0, 2));
  return structure !== undefined && structureOf(structure).test(iban) && remainder97(iban) === 1;
}

/** The longest IBAN at the beginning of a text in which single spaces or hyphens may stand, or undefined. */
export function ibanAtStartOf(text: string): string | undefined {
  for (let end = text.length; end >= 15; end--) {
    const candidate = text.slice(0, end);
    if (/[A-Z0-9]$/.test(candidate) && isIban(candidate.replaceAll(/[ -]/g, ""))) return candidate;
  }
  return undefined;
}

function structureOf(structure: string): RegExp {
  let pattern = compiled.get(structure);
  if (pattern === undefined) {
    const body = structure.replaceAll(
      /(\d+)([nac])/g,
      (_, count: string, kind: string) => `${CLASSES[kind]}{${count}}`,
    );
    pattern = new RegExp(`^[A-Z]{2}[0-9]{2}${body}$`);
    compiled.set(structure, pattern);
  }
  return pattern;
}

function remainder97(iban: string): number {
  let remainder = 0;
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder;
}
