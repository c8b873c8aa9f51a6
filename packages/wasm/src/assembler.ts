import { type Code, flatten, unsigned } from "./code.ts";

/** Types of values in a function. */
export type ValueType = "i32" | "i64" | "v128";

const TYPE_BYTE: Record<ValueType, number> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };

type Bytes = Uint8Array<ArrayBuffer>;

interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A function under construction: hands out locals, then takes its code. */
export class FunctionBuilder {
  readonly index: number;
  readonly signature: Signature;
  readonly #locals: ValueType[] = [];
  #code = new Uint8Array(0);

  constructor(index: number, signature: Signature) {
    this.index = index;
    this.signature = signature;
  }

  /** A new local variable, 0 at the start of the function. */
  local(type: ValueType = "i32"): number {
    this.#locals.push(type);
    return this.signature.params.length + this.#locals.length - 1;
  }

  /** Takes the code, which becomes bytes at once: the many small arrays that it is made of need not live long. */
  body(...code: Code): void {
    this.#code = Uint8Array.from(flatten(code));
  }

  bytes(): Bytes {
    const locals = unsigned(this.#locals.length).concat(...this.#locals.map((type) => [1, TYPE_BYTE[type]]));
    const length = locals.length + this.#code.length + 1;
    return join([unsigned(length), locals, this.#code, [0x0b]]);
  }
}

/** Assembles one module that imports its memory as `env.memory` (WebAssembly core specification 2.0, chapter 5). */
export class ModuleBuilder {
  readonly #imports: { readonly name: string; readonly signature: Signature }[] = [];
  readonly #functions: FunctionBuilder[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];

  /** Imports `env.<name>`; all imports come before the first function. Returns its index for `call`. */
  import(name: string, params: readonly ValueType[], results: readonly ValueType[]): number {
    if (this.#functions.length > 0) throw new Error("imports come before functions");
    return this.#imports.push({ name, signature: { params, results } }) - 1;
  }

  func(params: readonly ValueType[], results: readonly ValueType[] = []): FunctionBuilder {
    const index = this.#imports.length + this.#functions.length;
    const built = new FunctionBuilder(index, { params, results });
    this.#functions.push(built);
    return built;
  }

  export(name: string, func: FunctionBuilder): void {
    this.#exports.push({ name, index: func.index });
  }

  bytes(): Bytes {
    const signatures = [...this.#imports.map((entry) => entry.signature), ...this.#functions.map((f) => f.signature)];
    const imported = this.#imports.length;
    const memory = [...text("env"), ...text("memory"), 0x02, 0x00, 0x01];
    const imports = this.#imports.map(({ name }, i) => [...text("env"), ...text(name), 0x00, ...unsigned(i)]);
    const sections = [
      section(1, signatures.map(signatureBytes)),
      section(2, [memory, ...imports]),
      section(
        3,
        this.#functions.map((_, i) => unsigned(imported + i)),
      ),
      section(
        7,
        this.#exports.map(({ name, index }) => [...text(name), 0x00, ...unsigned(index)]),
      ),
      section(
        10,
        this.#functions.map((f) => f.bytes()),
      ),
    ];
    return join([[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], ...sections]);
  }
}

function section(id: number, entries: readonly ArrayLike<number>[]): Bytes {
  const body = join([unsigned(entries.length), ...entries]);
  return join([[id], unsigned(body.length), body]);
}

function join(parts: readonly ArrayLike<number>[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function signatureBytes({ params, results }: Signature): number[] {
  const types = (list: readonly ValueType[]): number[] => [
    ...unsigned(list.length),
    ...list.map((type) => TYPE_BYTE[type]),
  ];
  return [0x60, ...types(params), ...types(results)];
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
}
