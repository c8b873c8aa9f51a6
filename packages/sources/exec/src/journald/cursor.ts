/** An entry's place, as far as sluice reads it. */
export interface EntryPlace {
  /** Names the sequence in which `number` ascends: one journald in one boot of one machine. */
  readonly sequence: string;
  readonly number: number;
}

const CURSOR = /^s=([0-9a-f]{32});i=([0-9a-f]{1,13});b=([0-9a-f]{32});/;

/**
 * Reads a cursor of the journal (`s=<sequence id>;i=<sequence number>;b=<boot id>;m=…;t=…;x=…`). Sequence numbers ascend,
 * over all files of a journal; a copied machine goes on with the id of the original, so the boot belongs to the name.
 * Null when the cursor has another form.
 */
export function placeOf(cursor: string): EntryPlace | null {
  const m = CURSOR.exec(cursor);
  if (!m) return null;
  const [, id, number, boot] = m as unknown as [string, string, string, string];
  return { sequence: `${id.slice(0, 16)}${boot.slice(0, 16)}`, number: Number.parseInt(number, 16) };
}
