import { expect, test } from "vitest";
import { gelfOptions } from "../src/options.ts";

test.each([
  [{ "X-Key": "a\r\nX-Other: b" }, false],
  [{ "X-Key: a\r\nX-Other": "b" }, false],
  [{ "X-Key": "a\u0000" }, false],
  [{ "X-Key": "Bearer abc", Authorization: "Basic x\ty" }, true],
])("headers %j: accepted %s", (headers, accepted) => {
  expect(gelfOptions.safeParse({ address: "https://127.0.0.1:1/gelf", headers }).success).toBe(accepted);
});
