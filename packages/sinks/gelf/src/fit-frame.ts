import type { ByteWriter } from "@sluice/core";
import { escapeJson, jsonBytes } from "./json.ts";
import { MAX_FRAME } from "./limits.ts";
import type { GelfMessage } from "./plain-encoder.ts";

/** Tag of an event whose texts were cut to fit into a frame. */
const TAG = "_frame_cut";
/** Fields are not cut below this many bytes while there are longer ones. */
const SHORTEST = 64;

/**
 * Appends the message as JSON, of at most `MAX_FRAME` bytes with a delimiter: cuts `full_message`, then the longest fields.
 */
export function writeFrame(message: GelfMessage, out: ByteWriter, adjust: (reason: string) => void): void {
  const start = out.length;
  write(message, out);
  if (out.length - start < MAX_FRAME) return;
  out.length = start;
  adjust("frame_cut");
  const tags = message.fields.get("_tags");
  message.fields.delete("_tags");
  message.fields.set("_tags", tags === undefined ? TAG : `${TAG}, ${tags}`);
  cutFullMessage(message, out);
  cutFields(message, out, adjust);
  write(message, out);
}

/** Additional fields as members of a JSON object, each after a comma. */
export function fieldsJson(fields: ReadonlyMap<string, string | number>): string {
  let json = "";
  for (const [name, value] of fields) {
    json += typeof value === "number" ? `,"${name}":${value}` : `,"${name}":"${escapeJson(value)}"`;
  }
  return json;
}

/** Long texts are appended by themselves: as parts of one string they would be copied together first. */
function write({ host, shortMessage, fullMessage, timestamp, level, fields }: GelfMessage, out: ByteWriter): void {
  out.text(`{"version":"1.1","host":"${escapeJson(host)}","short_message":"`);
  out.text(escapeJson(shortMessage));
  if (fullMessage !== undefined) {
    out.text('","full_message":"');
    out.text(escapeJson(fullMessage));
  }
  const time = timestamp === undefined ? "" : `"timestamp":${timestamp},`;
  out.text(`",${time}"level":${level}${fieldsJson(fields)}}`);
}

/** Bytes by which the message is too long; the delimiter counts. Nothing is left of it in `out`. */
function excess(message: GelfMessage, out: ByteWriter): number {
  const start = out.length;
  write(message, out);
  const bytes = out.length - start;
  out.length = start;
  return bytes + 1 - MAX_FRAME;
}

function cutFullMessage(message: GelfMessage, out: ByteWriter): void {
  if (message.fullMessage === undefined) return;
  const over = excess(message, out);
  const room = jsonBytes(message.fullMessage) - over;
  const kept = room > SHORTEST ? cutJson(message.fullMessage, room) : "";
  message.fullMessage = kept === "" ? undefined : kept;
}

function cutFields(message: GelfMessage, out: ByteWriter, adjust: (reason: string) => void): void {
  let over = excess(message, out);
  if (over <= 0) return;
  const texts = [...message.fields].flatMap(([name, value]) =>
    typeof value === "string" ? [{ name, bytes: jsonBytes(value) }] : [],
  );
  texts.sort((a, b) => b.bytes - a.bytes);
  for (const { name, bytes } of texts) {
    if (over <= 0 || bytes <= SHORTEST) break;
    const kept = cutJson(message.fields.get(name) as string, Math.max(SHORTEST, bytes - over));
    message.fields.set(name, kept);
    over -= bytes - jsonBytes(kept);
    adjust("field_cut");
  }
  dropFields(message, over, adjust);
}

/** Last resort, for events of tens of thousands of fields: leaves out the last ones. */
function dropFields(message: GelfMessage, over: number, adjust: (reason: string) => void): void {
  let rest = over;
  for (const [name, value] of [...message.fields].toReversed()) {
    if (rest <= 0) return;
    if (name === "_tags" || name === "_event_id") continue;
    rest -= name.length + 4 + (typeof value === "number" ? String(value).length : jsonBytes(value));
    message.fields.delete(name);
    adjust("field_dropped");
  }
}

/** The start of `text` that takes at most `maxBytes` as a JSON string, cut between code points. */
function cutJson(text: string, maxBytes: number): string {
  let kept = text;
  for (let bytes = jsonBytes(kept); bytes > maxBytes && kept !== ""; bytes = jsonBytes(kept)) {
    const length = Math.min(kept.length - 1, Math.floor((kept.length * maxBytes) / bytes));
    const splitsPair = (kept.charCodeAt(length - 1) & 0xfc00) === 0xd800;
    kept = kept.slice(0, splitsPair ? length - 1 : length);
  }
  return kept;
}
