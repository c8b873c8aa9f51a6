import { createHash } from "node:crypto";

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const BECH32M = 0x2bc8_30a3;
const GENERATOR = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3] as const;

/** Says if a text is Base58Check: its last four bytes are the double SHA-256 of the others. Bitcoin's old addresses. */
export function passesBase58Check(text: string): boolean {
  const bytes = decodeBase58(text);
  if (bytes === undefined || bytes.length < 5) return false;
  const sum = sha256(sha256(bytes.subarray(0, -4))).subarray(0, 4);
  return sum.equals(bytes.subarray(-4));
}

/** Says if a text is Bech32 (BIP 173) or Bech32m (BIP 350), in one case. */
export function passesBech32(text: string): boolean {
  const lower = text.toLowerCase();
  const split = lower.lastIndexOf("1");
  if ((text !== lower && text !== text.toUpperCase()) || split < 1 || text.length - split < 7) return false;
  const data = Array.from(lower.slice(split + 1)).map((char) => BECH32.indexOf(char));
  if (data.includes(-1)) return false;
  const prefix = Array.from(lower.slice(0, split)).map((char) => char.charCodeAt(0));
  const check = polymod([...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data]);
  return check === 1 || check === BECH32M;
}

function polymod(values: readonly number[]): number {
  let check = 1;
  for (const value of values) {
    const top = check >> 25;
    check = ((check & 0x1ff_ffff) << 5) ^ value;
    for (const [bit, generator] of GENERATOR.entries()) if ((top >> bit) & 1) check ^= generator;
  }
  return check;
}

function decodeBase58(text: string): Buffer | undefined {
  let number = 0n;
  for (const char of text) {
    const value = BASE58.indexOf(char);
    if (value < 0) return undefined;
    number = number * 58n + BigInt(value);
  }
  const hex = number === 0n ? "" : number.toString(16);
  const zeros = /^1*/.exec(text)?.[0].length ?? 0;
  return Buffer.concat([Buffer.alloc(zeros), Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex")]);
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
