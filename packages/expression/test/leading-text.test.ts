import { expect, test } from "vitest";
import { leadingText } from "../src/index.ts";

test.each([
  ['message.startsWith("{")', "{"],
  ['!has(url.path) && message.startsWith("a b") && x == 1', "a b"],
  ['self["message"].startsWith("<")', "<"],
])("%s says how the message begins", (source, text) => {
  expect(leadingText(source)).toBe(text);
});

test.each([
  'message.startsWith("{") || x == 1',
  '!message.startsWith("{")',
  'message.contains("{")',
  'other.startsWith("{")',
  "message.startsWith(x)",
  'message.startsWith("")',
  'x ? message.startsWith("{") : true',
  "true",
])("%s does not", (source) => {
  expect(leadingText(source)).toBeNull();
});
