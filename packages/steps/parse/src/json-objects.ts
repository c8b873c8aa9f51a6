import { jsonParser } from "stream-json/parser.js";

/** An object longer than this is given out in the lines that it came in. Characters. */
const MAX_LENGTH = 1 << 20;

type Tokenize = ReturnType<typeof jsonParser>;

/**
 * Joins the lines of concatenated, pretty-printed JSON objects to one record an object, exactly as written. A tokenizer
 * (stream-json) says where an object ends. Lines that are no JSON come out as they are, so that nothing is lost.
 */
export class JsonObjectJoiner {
  #tokenize: Tokenize = tokenizer();
  #text = "";
  #depth = 0;

  /** Takes the next line, without its line end; returns the records that are complete now. */
  push(line: string): string[] {
    if (this.#text === "" && !line.trimStart().startsWith("{")) return line.trim() === "" ? [] : [line];
    const records: string[] = [];
    // An object can only end behind a brace: fed in such pieces, the tokenizer tells the very character.
    const pieces = `${line}\n`.split(/(?<=\})/);
    for (const [index, piece] of pieces.entries()) {
      if (this.#text === "" && piece.trim() === "") continue;
      if (!this.#feed(piece)) return [...records, ...this.#giveUp(pieces.slice(index + 1).join(""))];
      if (this.#depth > 0) continue;
      records.push(this.#text.trim());
      this.#reset();
    }
    if (this.#text.length > MAX_LENGTH) records.push(...this.end());
    return records;
  }

  /** The unfinished record, if any. */
  end(): string[] {
    const rest = this.#text.trimEnd();
    this.#reset();
    return rest === "" ? [] : [rest];
  }

  /** False when what has come so far cannot be an object. */
  #feed(piece: string): boolean {
    this.#text += piece;
    try {
      for (const { name } of tokensOf(this.#tokenize(piece))) {
        if (name === "startObject" || name === "startArray") this.#depth++;
        else if (name === "endObject" || name === "endArray") this.#depth--;
        else if (this.#depth === 0) return false;
      }
      return this.#depth > 0 || this.#text.trimEnd().endsWith("}");
    } catch {
      return false;
    }
  }

  /** Gives out what is broken; the line that broke it may begin an object of its own. */
  #giveUp(restOfLine: string): string[] {
    const broken = this.#text + restOfLine;
    this.#reset();
    const cut = broken.lastIndexOf("\n", broken.length - 2) + 1;
    const before = broken.slice(0, cut).trimEnd();
    const line = broken.slice(cut, -1);
    return before === "" ? [line] : [before, ...this.push(line)];
  }

  #reset(): void {
    this.#tokenize = tokenizer();
    this.#text = "";
    this.#depth = 0;
  }
}

/** Cuts a stream of concatenated JSON objects into the text of each; see {@link JsonObjectJoiner}. */
export async function* splitJsonObjects(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const joiner = new JsonObjectJoiner();
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + (typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }))).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) yield* joiner.push(line);
  }
  rest += decoder.decode();
  if (rest !== "") yield* joiner.push(rest);
  yield* joiner.end();
}

function tokenizer(): Tokenize {
  return jsonParser({ jsonStreaming: true, packValues: false, streamValues: false });
}

function tokensOf(result: unknown): readonly { readonly name: string }[] {
  return (result as { values?: readonly { readonly name: string }[] }).values ?? [];
}
