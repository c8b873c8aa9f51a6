import { isIP } from "node:net";
import type { Rule } from "../../rule.ts";

const OCTET = String.raw`(?:25[0-5]|2[0-4]\d|[01]?\d?\d)`;
const IPV4 = String.raw`(?:${OCTET}\.){3}${OCTET}`;

/** Addresses of networks and machines. */
export const addressRules: readonly Rule[] = [
  {
    name: "ipv4",
    title: "IPv4 address, with port or prefix length",
    sets: ["pii"],
    keywords: [],
    pattern: String.raw`(?<![\w.])${IPV4}(?![\d])(?:\/(?:[0-2]?\d|3[0-2])\b|:\d{1,5}\b)?(?![A-Za-z_])`,
    positive: ["from ⟦192.0.2.1⟧ port 22", "⟦192.168.1.0/24⟧", "⟦203.0.113.7:8080⟧ up"],
    negative: ["300.168.1.1", "text192.168.1.1", "1.2.3", "IP192.168.1.1text"],
    source: "presidio IpRecognizer, detect-secrets IPPublicDetector (MIT, Apache-2.0)",
  },
  {
    name: "ipv6",
    title: "IPv6 address, with zone or prefix length",
    sets: ["pii"],
    keywords: [],
    pattern: String.raw`(?<![\w:.])(?<ip>(?:[0-9a-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{1,4}|(?<=::)))(?:%[0-9a-z]{1,16})?(?:\/(?:12[0-8]|1[01]\d|[1-9]?\d))?(?![\w:]|\.\d)`,
    ignoreCase: true,
    validate: (_, match) => isIP(match.groups?.["ip"] ?? "") === 6,
    positive: [
      "from ⟦2001:db8::8a2e:370:7334⟧",
      "[⟦2001:db8::1⟧]:8080",
      "⟦::ffff:192.0.2.1⟧",
      "⟦fe80::/10⟧",
      "src=⟦::⟧ dst=⟦::1⟧",
    ],
    negative: [
      "Time 12:34:56",
      "684D:1111:222:3333:4444:5555:77",
      "2001::db8::1",
      "std::string",
      "12345:db8::1",
      "aa:bb:cc:dd:ee:ff",
    ],
    source: "presidio IpRecognizer (MIT)",
  },
  {
    name: "mac-address",
    title: "MAC address",
    sets: ["pii"],
    keywords: [],
    pattern: String.raw`(?<![\w:-])(?:[0-9a-f]{2}(?<separator>[:-])(?:[0-9a-f]{2}\k<separator>){4}[0-9a-f]{2}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})(?![\w:-])`,
    ignoreCase: true,
    validate: (mac) => !/^[0:.-]+$|^[f:.-]+$/i.test(mac),
    positive: ["MAC ⟦01:23:45:67:89:ab⟧", "⟦00-1A-2B-3C-4D-5E⟧", "⟦0012.3456.789a⟧"],
    negative: ["00:00:00:00:00:00", "00:1A:2B:3C:4D", "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"],
    source: "presidio MacAddressRecognizer (MIT)",
  },
];
