import { expect, test } from "vitest";
import { isCopyName } from "../src/names.ts";

test("a copy has a rotated name of the same root, and is not the file itself", () => {
  expect(isCopyName({ path: "/l/a.log" }, "/l/a.log.1")).toBe(true);
  expect(isCopyName({ path: "/l/a.log.1", at: "/l/a.log.2" }, "/l/a.log.2.gz")).toBe(true);
  expect(isCopyName({ path: "/l/a.log" }, "/old/a.log.1.gz")).toBe(true);
  expect(isCopyName({ path: "/l/a.log.1" }, "/l/a.log")).toBe(false);
  expect(isCopyName({ path: "/l/a.log" }, "/l/b.log.1")).toBe(false);
  expect(isCopyName({ path: "/l/a.log.1" }, "/l/a.log.1")).toBe(false);
  expect(isCopyName({ path: "/l/app-1.log" }, "/l/app-2.log")).toBe(false);
});
