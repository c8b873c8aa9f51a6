/** What a terminal might obey instead of showing it: all control characters but tab and newline. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** A text that may hold anyone's words, without what a terminal would obey. Tabs and newlines stay. */
export function harmless(text: string): string {
  return text.replaceAll(CONTROLS, "");
}

/** The same on one line. */
export function harmlessLine(text: string): string {
  return harmless(text.replaceAll(/[\t\n]/g, " "));
}
