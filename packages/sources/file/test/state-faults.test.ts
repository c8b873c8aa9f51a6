import { writeFileSync } from "node:fs";
import { SluiceError } from "@sluice/core";
import { FakeSourceContext } from "@sluice/testkit";
import { expect, test, vi } from "vitest";
import { create, scratch } from "./harness.ts";

test("a file that appears while the state cannot be written ends the run, and is read by the next one", async () => {
  const space = scratch();
  writeFileSync(space.path("a.log"), "one\n");
  const source = create(space.dir, { include: ["*.log"] });
  const ctx = new FakeSourceContext();
  const run = source.run(ctx);
  await vi.waitFor(() => expect(ctx.texts).toEqual(["one"]), { timeout: 20_000 });
  const put = vi.spyOn(ctx.state, "put").mockImplementation(() => {
    throw new SluiceError("SLUICE_STATE", "the disk is full");
  });
  writeFileSync(space.path("b.log"), "two\n");
  await expect(run).rejects.toThrow("the disk is full");
  put.mockRestore();
  const again = source.run(ctx);
  await vi.waitFor(() => expect(ctx.texts).toEqual(["one", "two"]), { timeout: 20_000 });
  ctx.end();
  await again;
  space.remove();
});
