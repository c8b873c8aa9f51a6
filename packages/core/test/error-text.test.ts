import { expect, test } from "vitest";
import { errorText } from "../src/index.ts";

test("OpenSSL's errors are told in words", () => {
  const openssl = (reason: string) =>
    `4093C33A497F0000:error:0A00010B:SSL routines:tls_validate_record_header:${reason}:../deps/openssl/ssl/tlsany_meth.c:78:\n`;
  expect(errorText(new Error(openssl("wrong version number")))).toBe(
    "the other side does not speak TLS (wrong version number)",
  );
  expect(errorText(new Error(openssl("http request")))).toBe("the other side does not speak TLS but HTTP");
  expect(errorText(new Error(`write EPROTO ${openssl("no shared cipher")}`))).toBe("write EPROTO no shared cipher");
});

test("other texts stay as they are", () => {
  expect(errorText(new Error("connect ECONNREFUSED 127.0.0.1:1"))).toBe("connect ECONNREFUSED 127.0.0.1:1");
  expect(errorText("thrown text")).toBe("thrown text");
});
