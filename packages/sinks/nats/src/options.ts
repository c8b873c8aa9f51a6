import { natsConnection, newStream, oneLogin } from "@sluice/nats/options";
import { z } from "zod";
import { subjectTemplate } from "./subject.ts";

/** Options of the sink `nats`. */
export const natsSinkOptions = z
  .strictObject({
    ...natsConnection,
    subject: z
      .string()
      .superRefine((text, ctx) => {
        try {
          subjectTemplate(text);
        } catch (error) {
          ctx.addIssue({ code: "custom", message: (error as Error).message });
        }
      })
      .default("logs.{pipeline}.{host}")
      .describe(
        "Subject to publish to. Has `{pipeline}`, `{host}` (this machine) and `{any.field}` of the event; characters that " +
          "subjects cannot have become `_`, and an absent field too.",
      ),
    stream: z
      .string()
      .regex(/^[^\s.*>/\\]+$/, "no spaces, dots, `*`, `>` and slashes")
      .optional()
      .describe("Stream that has to take the events: another one that answers to the subject is an error."),
    create_stream: newStream,
    max_pending: z
      .int()
      .min(1)
      .max(65_536)
      .default(2048)
      .describe("Messages under way at once, whose acknowledgements are waited for."),
  })
  .superRefine(oneLogin);

export type NatsSinkOptions = z.output<typeof natsSinkOptions>;
