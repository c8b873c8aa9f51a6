import { expect, test } from "vitest";
import { namedTexts } from "../src/index.ts";

test.each([
  ['url.path == "/healthz"', ["/healthz"]],
  ['"/a" == url.path || user_agent.original.contains("bot")', ["/a", "bot"]],
  ['url.path.startsWith("/a") && http.response.status_code == 404', ["/a", "404"]],
  ['http.request.method in ["GET", "HEAD"]', ["GET", "HEAD"]],
  ['self["labels.x"] == "x"', ["x"]],
])("%s names what a line must contain", (source, texts) => {
  expect(namedTexts(source)).toEqual(texts);
});

test.each([
  'url.path != "/healthz"',
  '!(url.path == "/healthz")',
  "http.response.status_code >= 400",
  "http.request.time == 0.5",
  'url.path.matches("^/a")',
  'url.path == "/a" && http.response.status_code >= 400',
  'self["@timestamp"] == "2026-01-10T13:06:27.000Z"',
  'event.id == "a-1"',
  '"_parse_failure" in tags',
  "url.path == url.original",
  'url.path == ""',
  'url.path.contains("")',
  'message == "\uFFFD"',
  'url.path == "/a" ? true : false',
  "true",
])("%s does not", (source) => {
  expect(namedTexts(source)).toBeNull();
});
