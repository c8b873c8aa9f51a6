import { type ByteWriter, type CreateContext, type Encoder, type Event, lineEncoder, type Tally } from "@sluice/core";
import type { NatsSinkOptions } from "./options.ts";
import { subjectTemplate } from "./subject.ts";

/** Frames are lines of NDJSON as in archives; where events tell their subject, it is written before each. */
export function natsEncoder(options: NatsSinkOptions, { pipeline, hostname }: CreateContext): Encoder {
  const lines = lineEncoder("ndjson", hostname);
  const template = subjectTemplate(options.subject);
  if (template.isConstant) return lines;
  const place = { pipeline, host: hostname };
  return {
    encode(event: Event, out: ByteWriter, tally: Tally) {
      out.text(`${template.render(place, event)}\n`);
      lines.encode(event, out, tally);
    },
  };
}
