// Code is written as nested arrays of bytes. Branch targets are labels by identity; their depth is filled in when the
// nest is flattened, so that blocks can be put into one another freely.

/** A branch target. */
export interface Label {
  readonly name: string;
}

interface Open {
  readonly open: number;
  readonly label: Label;
}

interface Branch {
  readonly branch: number;
  readonly to: Label;
}

/** WebAssembly instructions in binary form, with symbolic branch targets. */
export type Code = readonly Item[];

interface Close {
  readonly close: true;
}

type Item = number | Code | Open | Close | Branch;

const CLOSE: Close = { close: true };
const END = 0x0b;
const VOID_BLOCK = 0x40;

/** A new branch target. */
export function label(name: string): Label {
  return { name };
}

/** A block that `br(target)` leaves at its end. */
export function block(target: Label, ...body: Code): Code {
  return [{ open: 0x02, label: target }, body, CLOSE];
}

/** A block that `br(target)` starts again. */
export function loop(target: Label, ...body: Code): Code {
  return [{ open: 0x03, label: target }, body, CLOSE];
}

/** Runs `then` where the condition is not zero, else `otherwise`. */
export function when(condition: Code, then: Code, otherwise?: Code): Code {
  const arms = otherwise === undefined ? then : [then, 0x05, otherwise];
  return [condition, { open: 0x04, label: label("if") }, arms, CLOSE];
}

export function br(target: Label): Code {
  return [{ branch: 0x0c, to: target }];
}

export function brIf(target: Label, condition: Code): Code {
  return [condition, { branch: 0x0d, to: target }];
}

/** The bytes of a function body's code, with labels resolved. */
export function flatten(code: Code): number[] {
  const out: number[] = [];
  const open: Label[] = [];
  const walk = (items: Code): void => {
    for (const item of items) {
      if (typeof item === "number") out.push(item);
      else if ("open" in item) {
        open.push(item.label);
        out.push(item.open, VOID_BLOCK);
      } else if ("close" in item) {
        open.pop();
        out.push(END);
      } else if ("branch" in item) out.push(item.branch, ...unsigned(depthOf(item.to, open)));
      else walk(item);
    }
  };
  walk(code);
  return out;
}

function depthOf(target: Label, open: readonly Label[]): number {
  const index = open.lastIndexOf(target);
  if (index < 0) throw new Error(`branch to ${target.name} from outside of it`);
  return open.length - 1 - index;
}

/** LEB128 of an unsigned number. */
export function unsigned(value: number): number[] {
  if (value < 0x80) return [value];
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return out;
}

/** LEB128 of a signed number. */
export function signed(value: number | bigint): number[] {
  if (value >= -64 && value < 64) return [Number(value) & 0x7f];
  const out: number[] = [];
  let rest = BigInt(value);
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return [...out, low];
    out.push(low | 0x80);
  }
}
