// What steps and encoders tell the kernel (packages/kernel): data only, so that they need not know how it works.
// A plan is a promise that the plain path does the same; a property test holds it.

/** What becomes of the text of a capture. */
export type CaptureType = "string" | "int" | "float";

/** A field with a value that does not depend on the event. */
export type PlanConstant = readonly [field: string, value: string | number | boolean | readonly string[]];

/** One named capture of a pattern. */
export interface PlanCapture {
  /** Number of the capturing group in `source`, from 1, counting named groups only. */
  readonly group: number;
  readonly field: string;
  readonly type: CaptureType;
}

/** One pattern of a parser, in order of preference. */
export interface PlanPattern {
  /** Expanded Oniguruma source; unnamed groups do not capture. */
  readonly source: string;
  readonly captures: readonly PlanCapture[];
  /** Fields that a match sets besides its captures, after them. */
  readonly constants: readonly PlanConstant[];
  /** Group whose text is the time of the event; it sets `@timestamp` and no field of its own. */
  readonly timestampGroup?: number;
  /** Lines that it matches, and no pattern before it, go the plain way: its captures and constants do not matter. */
  readonly plain?: boolean;
}

/** A parse step as the kernel sees it. */
export interface ParsePlan {
  readonly patterns: readonly PlanPattern[];
  /** The step's own reading of a time: RFC 3339 text for `@timestamp`, or null when it is none. */
  readonly timestamp?: (text: string, now: number) => string | null;
  /** True when `timestamp` depends on `now`, e.g. for year-less dates. */
  readonly timestampNeedsNow?: boolean;
}

/** One field that events of a shape carry, in the order of the event's keys. `optional`: may be absent. */
export interface ShapeField {
  readonly field: string;
  readonly from:
    | { readonly kind: "message" }
    | { readonly kind: "capture"; readonly type: CaptureType }
    | { readonly kind: "constant"; readonly value: unknown }
    | { readonly kind: "position" }
    | { readonly kind: "timestamp" }
    | { readonly kind: "event-id" };
  readonly optional: boolean;
}

/** One piece of a frame. A `field` piece is left out, with `before` and `after`, when the field is absent. */
export type TemplatePiece =
  | { readonly literal: string }
  | {
      readonly field: string;
      /** `json`: escaped as JSON string content, no quotes; `number`: digits; `epoch`: seconds with 3 decimals. */
      readonly as: "json" | "number" | "epoch";
      readonly before: string;
      readonly after: string;
    };

/** A frame as pieces in order, delimiter included. */
export interface JsonTemplate {
  readonly pieces: readonly TemplatePiece[];
  /** Records longer than this go the plain way (limits on frames and fields). */
  readonly maxRecordBytes: number;
}
