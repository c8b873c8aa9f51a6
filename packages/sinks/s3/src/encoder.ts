import { type ByteWriter, type Encoder, type Event, type LineFormat, lineEncoder } from "@sluice/core";

/** Bytes before a raw line that tell its time to the sink, which takes them off again. */
export const TIME_BYTES = 24;

const NO_TIME = " ".repeat(TIME_BYTES);

/** Frames of the sink: lines of JSON, which hold their time, or raw lines behind the text of their time. */
export function s3Encoder(format: LineFormat, hostname?: string): Encoder {
  const lines = lineEncoder(format, hostname);
  if (format === "ndjson") return lines;
  return {
    encode(event: Event, out: ByteWriter, tally) {
      const time = event["@timestamp"];
      const isTime = typeof time === "string" && time.length >= TIME_BYTES && time.endsWith("Z");
      out.text(isTime ? `${time.slice(0, TIME_BYTES - 1)}Z` : NO_TIME);
      lines.encode(event, out, tally);
    },
  };
}
