import { type Code, signed, unsigned } from "./code.ts";

// The instructions used here, as expressions: operands are the code that computes them.

/** A local variable of a function, by index. */
export type Local = number;

const binary =
  (...op: number[]) =>
  (a: Code, b: Code): Code => [a, b, ...op];
const unary =
  (...op: number[]) =>
  (a: Code): Code => [a, ...op];
const load =
  (...op: number[]) =>
  (address: Code, offset = 0): Code => [address, ...op, 0, ...unsigned(offset)];
const store =
  (...op: number[]) =>
  (address: Code, value: Code, offset = 0): Code => [address, value, ...op, 0, ...unsigned(offset)];
const simd = (op: number): number[] => [0xfd, ...unsigned(op)];

/** By local: the instruction that is used most. */
const gets: Code[] = [];
export const get = (local: Local): Code => (gets[local] ??= [0x20, ...unsigned(local)]);
export const set = (local: Local, value: Code): Code => [value, 0x21, ...unsigned(local)];
export const tee = (local: Local, value: Code): Code => [value, 0x22, ...unsigned(local)];
export const call = (func: number, ...args: Code[]): Code => [...args, 0x10, ...unsigned(func)];
export const ret = (value: Code): Code => [value, 0x0f];
/** `condition ? a : b`, both computed. */
export const select = (a: Code, b: Code, condition: Code): Code => [a, b, condition, 0x1b];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value | 0)],
  load: load(0x28),
  load8: load(0x2d),
  load16: load(0x2f),
  load16S: load(0x2e),
  store: store(0x36),
  store8: store(0x3a),
  store16: store(0x3b),
  eqz: unary(0x45),
  eq: binary(0x46),
  ne: binary(0x47),
  ltU: binary(0x49),
  gtU: binary(0x4b),
  leU: binary(0x4d),
  geU: binary(0x4f),
  ctz: unary(0x68),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  shl: binary(0x74),
  shrU: binary(0x76),
  wrap: unary(0xa7),
} as const;

export const i64 = {
  const: (value: number | bigint): Code => [0x42, ...signed(BigInt.asIntN(64, BigInt(value)))],
  load: load(0x29),
  store: store(0x37),
  eqz: unary(0x50),
  eq: binary(0x51),
  ne: binary(0x52),
  clz: unary(0x79),
  ctz: unary(0x7a),
  add: binary(0x7c),
  sub: binary(0x7d),
  mul: binary(0x7e),
  divU: binary(0x80),
  and: binary(0x83),
  or: binary(0x84),
  shl: binary(0x86),
  shrU: binary(0x88),
  extend: unary(0xad),
} as const;

export const v128 = {
  load: load(...simd(0)),
  store: store(...simd(11)),
  const: (bytes: readonly number[]): Code => [...simd(12), ...bytes],
  and: binary(...simd(78)),
  or: binary(...simd(80)),
} as const;

export const i8x16 = {
  swizzle: binary(...simd(14)),
  splat: (byte: number): Code => v128.const(Array<number>(16).fill(byte)),
  eq: binary(...simd(35)),
  ne: binary(...simd(36)),
  ltS: binary(...simd(37)),
  leU: binary(...simd(42)),
  bitmask: unary(...simd(100)),
  add: binary(...simd(110)),
  sub: binary(...simd(113)),
} as const;

export const i16x8 = {
  shrU: (a: Code, bits: number): Code => [a, i32.const(bits), ...simd(141)],
} as const;

export const i64x2 = {
  splat: unary(...simd(18)),
} as const;
