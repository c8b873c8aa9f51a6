import { block, br, brIf, get, i32, instantiate, label, loop, ModuleBuilder, newMemory, set, when } from "@sluice/wasm";
import { expect, test } from "vitest";

/** Runs a function of one number. */
function compiled(emit: (module: ModuleBuilder) => void): (value: number) => number {
  const module = new ModuleBuilder();
  emit(module);
  return instantiate(module.bytes(), { memory: newMemory(1) })["run"] as (value: number) => number;
}

test("loops, branches and locals do what they say", () => {
  const sumTo = compiled((module) => {
    const func = module.func(["i32"], ["i32"]);
    const sum = func.local();
    const [again, done] = [label("again"), label("done")];
    func.body(
      block(
        done,
        loop(
          again,
          brIf(done, i32.eqz(get(0))),
          set(sum, i32.add(get(sum), get(0))),
          set(0, i32.sub(get(0), i32.const(1))),
          br(again),
        ),
      ),
      get(sum),
    );
    module.export("run", func);
  });
  expect([0, 1, 10, 1000].map(sumTo)).toEqual([0, 1, 55, 500_500]);
});

test("numbers of all sizes keep their value, and memory its bytes", () => {
  for (const value of [0, 63, 64, -64, -65, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)]) {
    const run = compiled((module) => {
      const func = module.func(["i32"], ["i32"]);
      func.body(
        i32.store(i32.const(300), i32.const(value)),
        when(get(0), [i32.store8(i32.const(300), i32.const(7))]),
        i32.load(i32.const(0), 300),
      );
      module.export("run", func);
    });
    expect(run(0)).toBe(value);
    expect(run(1)).toBe((value & ~0xff) | 7);
  }
});

test("a branch to a block around it is the only one that there can be", () => {
  const module = new ModuleBuilder();
  const func = module.func([]);
  expect(() => func.body(br(label("nowhere")))).toThrow("branch to nowhere from outside of it");
});
