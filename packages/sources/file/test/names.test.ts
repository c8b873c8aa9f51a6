import { expect, test } from "vitest";
import { isCopyName, rootName } from "../src/names.ts";

test.each([
  ["access.log", "access.log"],
  ["access.log.1", "access.log"],
  ["access.log.12.gz", "access.log"],
  ["access.log-20260101", "access.log"],
  ["access.log-20260101-1767225600.zst", "access.log"],
  ["access.log.2026-01-01", "access.log"],
  ["access-20260101.log", "access.log"],
  ["access-2026-01-01.log.gz", "access.log"],
  ["access.log.old", "access.log"],
  ["syslog.1", "syslog"],
  ["worker-1.log", "worker-1.log"],
  ["f10.log", "f10.log"],
  [".1", ".1"],
])("%s was %s before rotation", (name, root) => {
  expect(rootName(`/var/log/${name}`)).toBe(root);
});

test("a copy has a rotated name of the same root, and is not the file itself", () => {
  expect(isCopyName({ path: "/l/a.log" }, "/l/a.log.1")).toBe(true);
  expect(isCopyName({ path: "/l/a.log.1", at: "/l/a.log.2" }, "/l/a.log.2.gz")).toBe(true);
  expect(isCopyName({ path: "/l/a.log" }, "/old/a.log.1.gz")).toBe(true);
  expect(isCopyName({ path: "/l/a.log.1" }, "/l/a.log")).toBe(false);
  expect(isCopyName({ path: "/l/a.log" }, "/l/b.log.1")).toBe(false);
  expect(isCopyName({ path: "/l/a.log.1" }, "/l/a.log.1")).toBe(false);
  expect(isCopyName({ path: "/l/app-1.log" }, "/l/app-2.log")).toBe(false);
});
