import { s3Fault } from "@sluice/aws";
import { SluiceError } from "@sluice/core";

export function urlOf({ bucket, key }: { readonly bucket: string; readonly key: string }): string {
  return `s3://${bucket}/${key}`;
}

export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

export function errorName(error: unknown): string {
  const { Code, code, name } = Object(error) as { Code?: unknown; code?: unknown; name?: unknown };
  return [Code, code, name].find((one): one is string => typeof one === "string") ?? "Error";
}

export function fault(error: unknown, where: string): SluiceError {
  return s3Fault(error, where, "SLUICE_STORE");
}

export function foreign(object: { readonly bucket: string; readonly key: string }): SluiceError {
  const text = `cannot write ${urlOf(object)}: an object that is not sluice's is there`;
  return new SluiceError("SLUICE_STORE", text, {
    hint: "move it away; sluice waits, and overwrites nothing of others",
  });
}
