const NEWLINE = 10;

/** Line and column, both from 1, of the next byte of a stream. A column is a character of UTF-8. */
export class Place {
  line = 1;
  column = 1;

  /** Goes on behind these bytes. */
  pass(bytes: Buffer): void {
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      this.line++;
      this.column = 1;
      from = at + 1;
    }
    for (let i = from; i < bytes.length; i++) if (!isContinuation(bytes[i] as number)) this.column++;
  }
}

/** Whether a byte of UTF-8 does not begin a character. */
export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
