import type { Rule } from "../../rule.ts";
import { isGivenSsn } from "../../validators/national-world.ts";
import { europeanIdRules } from "./national-ids-europe.ts";
import { worldIdRules } from "./national-ids-world.ts";

/** Numbers that states give to persons, firms and vehicles. */
export const nationalIdRules: readonly Rule[] = [
  {
    name: "us-ssn",
    title: "US social security number with its hyphens",
    sets: ["default", "pii"],
    keywords: [],
    shape: "three-two-four",
    pattern: String.raw`(?<![\w.+-])\d{3}-\d{2}-\d{4}(?![\w-]|\.\d)`,
    validate: isGivenSsn,
    positive: ["SSN ⟦078-05-1123⟧"],
    negative: ["078-05-1120", "000-12-3456", "123-00-4567", "911-70-1234", "2024-078-05-1123"],
    source: "presidio UsSsnRecognizer (MIT)",
  },
  {
    name: "identity-document",
    title: "number after the word passport, licence, tax id or the like",
    sets: ["pii"],
    keywords: [
      "passport",
      "pasaporte",
      "passaporto",
      "reisepass",
      "licence",
      "license",
      "personalausweis",
      "nric",
      "tax id",
      "steuer",
      "insurance number",
      "patente",
      "aadhaar",
      "medicare",
    ],
    pattern: String.raw`(?:passport|pasaporte|passaporto|reisepass(?:nummer)?|driv(?:er'?s?|ing) licen[cs]e|personalausweis(?:nummer)?|nric|tax id|steuernummer|insurance number|patente|aadhaar|medicare)(?:[ ](?:no\.?|nr\.?|number|is|id|es|:)){0,3}[:#\s]{1,4}(?<secret>(?=[A-Z]{0,3}[0-9])[A-Z0-9]{6,14})(?!\w)`,
    ignoreCase: true,
    positive: ["passport number: ⟦J6932157⟧", "Mi pasaporte es ⟦AAA123456⟧"],
    negative: ["passport control open", "license 2.0"],
  },
  ...europeanIdRules,
  ...worldIdRules,
];
