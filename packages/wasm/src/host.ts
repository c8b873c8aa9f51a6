// Node's types do not declare WebAssembly without the DOM library; these are the parts used here.

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

interface WasmHost {
  readonly Memory: new (size: { initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
}

const { WebAssembly: host } = globalThis as unknown as { readonly WebAssembly: WasmHost };

/** Bytes of one page of WebAssembly memory. */
const PAGE = 65_536;

/** A memory of at least `bytes`; pages that are never touched cost no RAM. */
export function newMemory(bytes: number): WasmMemory {
  return new host.Memory({ initial: Math.ceil(bytes / PAGE) });
}

/** Compiles and instantiates a module; `imports` become `env.*`. Returns its exports. */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, imports: object): Readonly<Record<string, unknown>> {
  return new host.Instance(new host.Module(bytes), { env: imports }).exports;
}
