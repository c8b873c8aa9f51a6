import { StringDecoder } from "node:string_decoder";

/**
 * Lines of a byte stream without their ends, as many at a time as have come; a carriage return before the newline
 * belongs to the end. Takes time linear in the length of a line, which joining it anew with every chunk would not.
 */
export async function* lineGroups(input: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  const decoder = new StringDecoder("utf8");
  let begun: string[] = [];
  for await (const chunk of input) {
    const pieces = decoder.write(chunk).split("\n");
    const last = pieces.pop() as string;
    if (pieces.length > 0) {
      pieces[0] = begun.join("") + (pieces[0] as string);
      begun = [];
      yield pieces.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
    }
    begun.push(last);
  }
  const rest = begun.join("") + decoder.end();
  if (rest !== "") yield [rest];
}
